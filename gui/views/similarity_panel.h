// Position × position: the cosine of every pair of token vectors.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "gui/color_map.h"
#include "gui/views/alike_pairs.h"
#include "gui/views/embedding_marks.h"

namespace headlight {

// The cosines that the ends of the colour map stand for. What is beyond has the colour of the end.
struct SimilarityRange {
  float low = -1.0F, high = 1.0F;
  bool is_cut_low = false;  // whether pairs of two tokens are beyond

  bool is_cut_high() const { return high < 0.995F; }  // by every token with itself: 1 on the diagonal
  bool is_signed() const { return low < 0.0F; }       // then 0 is in the middle
  ColorMap map() const { return is_signed() ? ColorMap::diverging : sequential_map(); }
  ImU32 color(float cosine) const;
};
// Where the pairs of two different rows lie, but for strays (Tukey's fences): a token with itself is always
// 1, and one or two tokens are often unlike all others; with them in the range the rest would be one colour.
SimilarityRange similarity_range(const Tensor& cosines);

// At most `most` × `most` cells: of several pairs in one cell the cosine that is farthest from 0; not a
// number when one of them is none.
struct SimilarityCells {
  std::int64_t side = 0;  // cells along each axis
  std::int64_t step = 1;  // positions a cell
  std::vector<float> values;
  SimilarityRange range;
};
SimilarityCells similarity_cells(const Tensor& cosines, std::int64_t most);

// Cells as they are drawn everywhere: their colours, into a square of `extent` pixels.
void draw_similarity_cells(ImVec2 corner, float extent, const SimilarityCells& cells);
// The bar of its colours, and the cosines at its ends.
void draw_similarity_scale(ImVec2 corner, float width, const SimilarityRange& range);

struct SimilarityPicture {
  Similarity similarity;
  SimilarityCells cells;
  std::vector<AlikePair> pairs;  // the most alike, as many as any panel lists
};

class SimilarityMaps {
 public:
  // Asks for the cosines of this key, where the trace has its vectors. What is there, perhaps of an earlier
  // key; null when there is nothing.
  std::shared_ptr<const SimilarityPicture> want(const Trace& trace, Commands& commands,
                                                const SimilarityKey& key);
  bool fresh() const { return fresh_; }  // what want() returned is of its key

  // Draws what want() returned into `size` at the cursor: title, cells with the tokens along both axes,
  // scale.
  void draw(const Frame& frame, Commands& commands, const ShownText& shown, const SimilarityPicture& picture,
            const SimilarityKey& key, ImVec2 size) const;

 private:
  Background<SimilarityKey, SimilarityPicture> made_{[](const SimilarityKey& key, const Progress& progress) {
    SimilarityPicture picture{make_similarity(key, progress), {}, {}};
    picture.cells = similarity_cells(picture.similarity.cosines, 96);
    picture.pairs = most_alike(picture.similarity.cosines, 60);
    return picture;
  }};
  bool fresh_ = false;
};

}  // namespace headlight
