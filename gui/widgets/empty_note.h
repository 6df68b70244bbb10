// What a view says when it has nothing to show: a muted sentence in the middle of the room that is left.
#pragma once

namespace headlight {

// `key` names the sentence in assets/strings.
void draw_empty_note(const char* key);

}  // namespace headlight
