// What the pictures of the embedding view share: whose tokens they show, what those are called, which are
// lit, and how a point with its name is drawn.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/session/token_map.h"
#include "gui/frame.h"

namespace headlight {

// A pass: that of the text, or of an encoder-decoder the one of the text that its encoder reads.
struct ShownText {
  std::shared_ptr<const Trace> trace;  // null when there is none
  bool encoder = false;

  explicit operator bool() const { return trace && trace->positions() > 0; }
  std::int64_t positions() const { return trace ? trace->positions() : 0; }
  std::int64_t layers() const { return trace->model().architecture.layers; }
};
ShownText shown_text(const Frame& frame);
std::string token_of(const Frame& frame, const ShownText& shown, std::int64_t position);
std::string value_name_in(const Frame& frame, const ShownText& shown, HookPlace place);

// The tokens that stand out.
struct LitTokens {
  std::optional<std::int64_t> hovered, hovered_key, locked, locked_key;
  bool chosen(std::int64_t position) const {
    return hovered == position || hovered_key == position || locked == position || locked_key == position;
  }
  ImU32 ring(std::int64_t position) const;  // 0: none
};
LitTokens lit_tokens(const Frame& frame, const ShownText& shown);
// Hovered, else locked, else the last.
std::int64_t token_in_question(const Frame& frame, const ShownText& shown);
void hover_token(Commands& commands, const ShownText& shown, std::int64_t position);
// Locks it, or lets go of it when it is locked.
void click_token(const Frame& frame, Commands& commands, const ShownText& shown, std::int64_t position);

// What stands beside a point: the token, and its position when the same token stands elsewhere, too.
struct SpotName {
  std::string token;
  std::optional<std::int64_t> position;
};
std::vector<SpotName> spot_names(const std::vector<TokenId>& tokens, const Tokenizer& tokenizer);

struct LabelSize {
  float width = 0;
  float height = 0;
};
LabelSize label_size(const SpotName& name);

// The hue of the token's chip, strong enough for a dot on the panel.
ImU32 dot_color(std::size_t position);
// Of a token's way through the layers, where it has gone: lines that are seen on the panel.
ImU32 path_color(std::size_t position, bool chosen);
// Opaque, whatever lies beneath it; outline: 0 for none.
void draw_label(ImDrawList& list, ImVec2 middle, const LabelSize& size, const SpotName& name,
                std::size_t position, ImU32 outline);
void draw_dot(ImDrawList& list, ImVec2 point, float radius, std::size_t position, float alpha, ImU32 ring);
// From a point to its label: among many, the nearest label is not always a point's own.
void draw_label_line(ImDrawList& list, ImVec2 point, ImVec2 offset, float alpha);
// How many labels found no room, in a line that ends at `end`, of at most `room` pixels; nothing of none.
void draw_left_out(ImDrawList& list, ImVec2 end, float room, std::size_t count);
// How points go from one map's places to the next one's.
struct Glide {
  double start = -1;  // frame.seconds; negative: it rests
  bool next = false;  // it begins with the next frame
  // How far it is, 0 to 1, slow at both ends; nothing while it rests. Asks for another frame until it is
  // done.
  std::optional<float> step(const Frame& frame, Commands& commands);
};

// The map that a picture shows, and which of its streams.
struct ShownMap {
  std::shared_ptr<const TokenMap> map;
  ShownText text;
  bool fresh = true;        // the map is of this text and layer; else of the one before, while it is made
  std::int64_t layer = 0;   // 0 the embedding, l after block l-1
  std::int64_t stream = 0;  // of the map: the layer, where it has all of them
  const Similarity* lengths = nullptr;  // of the same stream; null when they are not known
};
// What is said of the token under the mouse.
void spot_tooltip(const Frame& frame, const ShownMap& shown, std::int64_t position, int axes);
// "PC 1", "UMAP 1"
std::string axis_name(const TokenMap& map, int axis);
// "PC 1 · 31 % of the variance", of principal components alone
std::string axis_title(const TokenMap& map, int axis);
// Of texts with more tokens only the paths of the chosen ones are drawn.
constexpr std::int64_t most_paths = 48;
// The tokens' ways through the layers, the chosen ones last and over the others: up to the stream `now` as
// gone, the rest as still to come. pixels: where a point of the map stands.
void draw_paths(const TokenMap& map, std::int64_t now, const LitTokens& lit, std::int64_t pointed,
                const std::function<ImVec2(const Projection::Point&)>& pixels);

// A sentence under the tool bar, wrapped.
void draw_caption(const std::string& words, ImU32 color);

bool finite(ImVec2 at);
// "1234", "12.34": for coordinates and ticks.
std::string coordinate_text(double value);

}  // namespace headlight
