// The encoder of an encoder-decoder as a picture of its own: what a view of one text draws, drawn of the
// source text instead.
#pragma once

#include "gui/frame.h"

namespace headlight {

// The frame as it would be if the encoder were all there is. Lives for one frame, beside the frame that it
// was made of.
class EncoderFrame {
 public:
  // `frame` must have a trace with a source.
  explicit EncoderFrame(const Frame& frame);
  Frame frame() const;
  // What was asked for in the encoder's picture, said of the whole model.
  static void pass_on(Commands& inner, Commands& commands);

 private:
  const Frame& outer_;
  Document document_;
  Result result_;
  Hover hover_;
};

}  // namespace headlight
