# UMAP and t-SNE (core/analysis/neighbor_layout.cpp): umappp 3.2.0 and qdtsne 3.0.1 with what they include, headers
# under the MIT licence, from the source archive of assorthead. Eigen, which they include too, is the system's.
set(layout_headers aarand irlba knncolle qdtsne sanisizer subpar umappp)
list(TRANSFORM layout_headers PREPEND src/assorthead/include/ OUTPUT_VARIABLE layout_folders)
list(TRANSFORM layout_headers PREPEND src/assorthead/licenses/ OUTPUT_VARIABLE layout_licences)
source_archive(RESULT assorthead NAME assorthead-0.2.2 PACKAGE assorthead VERSION 0.2.2
  SHA256 671c0d71241bc667589761f5f04bc47f318a049b6044374559e6c082ca6999c1 SIZE "2 MB"
  FOLDER HEADLIGHT_ASSORTHEAD_DIR MARK src/assorthead/include/umappp/umappp.hpp EDITION 1
  PATHS LICENSE.txt PKG-INFO ${layout_folders} ${layout_licences}
  NEEDED_BY "The layout of points (UMAP, t-SNE)")
# For the one file that includes them.
set_property(SOURCE core/analysis/neighbor_layout.cpp APPEND PROPERTY
  COMPILE_OPTIONS -isystem ${assorthead}/src/assorthead/include)
