// How this user reaches the model hub: the environment variables that its own tools honour.
#pragma once

#include <string>

#include "core/base/http_transfer.h"

namespace headlight {

struct HubSettings {
  std::string endpoint;  // without a slash at the end
  std::string token;     // empty: none
  bool offline = false;  // nothing may be asked
  HttpSettings http;     // its token is set when it may be sent to the endpoint
};

// HF_ENDPOINT, HF_TOKEN (or the file at HF_TOKEN_PATH or in HF_HOME) and HF_HUB_OFFLINE.
// Throws UserError: an endpoint that is no address, a token that cannot be one.
HubSettings hub_settings();

// HF_HUB_CACHE, or hub/ in HF_HOME (~/.cache/huggingface); need not exist. Empty without a home folder.
std::string hub_cache_folder();

// A token travels encrypted, or not beyond this machine.
bool may_send_token(const std::string& endpoint);

}  // namespace headlight
