# The interface's libraries, each a glob of sources behind a target of ours:
#   imgui_headers   what every user compiles against (imgui, implot, Markdown, GLFW, epoxy …)
#   imgui           Dear ImGui as it is shipped
#   imgui_tested    the same with the test engine's hooks and the engine: for test binaries only
#   implot, rich_md (Markdown with formulas), microtex, glfw
# A binary links exactly one of imgui and imgui_tested. The hooks change no type, so that our own objects, implot and
# rich_md are compiled once and serve both.
source_archive(RESULT imgui_bundle NAME imgui_bundle-1.93.0 PACKAGE imgui-bundle VERSION 1.93.0
  SHA256 10ad1dab8258a6787b4f07bb926b08d0efc648a7906242568c8dd778c5e719bf SIZE "54 MB"
  FOLDER HEADLIGHT_IMGUI_BUNDLE_DIR MARK external/imgui/imgui/imgui.h EDITION 1
  PATHS LICENSE external/imgui/imgui external/implot/implot external/imgui_rich_md/imgui_rich_md
        external/imgui_microtex/MicroTeX/LICENSE external/imgui_microtex/MicroTeX/lib external/glfw/glfw
        external/imgui_test_engine/imgui_test_engine/imgui_test_engine
        external/portable_file_dialogs/portable_file_dialogs
  NEEDED_BY "The interface" OR_ELSE ", or build without the window with -DHEADLIGHT_GUI=OFF")
set(IMGUI_BUNDLE_EXTERNAL "${imgui_bundle}/external")

pkg_check_modules(FREETYPE REQUIRED IMPORTED_TARGET freetype2)
pkg_check_modules(FONTCONFIG REQUIRED IMPORTED_TARGET fontconfig)
pkg_check_modules(EPOXY REQUIRED IMPORTED_TARGET epoxy)
pkg_check_modules(EGL REQUIRED IMPORTED_TARGET egl)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)

# Optimised whatever the build type is, without debug information: it is not what we debug.
function(third_party_library name kind)
  add_library(${name} ${kind} ${ARGN})
  target_compile_options(${name} PRIVATE -O2 -g0 -w)
endfunction()

set(imgui_dir ${IMGUI_BUNDLE_EXTERNAL}/imgui/imgui)
set(implot_dir ${IMGUI_BUNDLE_EXTERNAL}/implot/implot)
set(rich_md_dir ${IMGUI_BUNDLE_EXTERNAL}/imgui_rich_md/imgui_rich_md)
set(microtex_dir ${IMGUI_BUNDLE_EXTERNAL}/imgui_microtex/MicroTeX/lib)
set(test_engine_dir ${IMGUI_BUNDLE_EXTERNAL}/imgui_test_engine/imgui_test_engine)

# GLFW: X11 only; Wayland sessions run it through XWayland.
set(GLFW_BUILD_EXAMPLES OFF)
set(GLFW_BUILD_TESTS OFF)
set(GLFW_BUILD_DOCS OFF)
set(GLFW_BUILD_WAYLAND OFF)
set(GLFW_INSTALL OFF)
set(GLFW_LIBRARY_TYPE STATIC)
add_subdirectory(${IMGUI_BUNDLE_EXTERNAL}/glfw/glfw ${PROJECT_BINARY_DIR}/glfw EXCLUDE_FROM_ALL SYSTEM)
target_compile_options(glfw PRIVATE -O2 -g0 -w)

add_library(imgui_headers INTERFACE)
target_include_directories(imgui_headers SYSTEM INTERFACE
  ${imgui_dir} ${imgui_dir}/backends ${imgui_dir}/misc/freetype ${imgui_dir}/misc/cpp ${implot_dir} ${rich_md_dir}
  ${IMGUI_BUNDLE_EXTERNAL}/portable_file_dialogs/portable_file_dialogs)
target_include_directories(imgui_headers INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(imgui_headers INTERFACE
  IMGUI_USER_CONFIG="gui/imconfig.h" "IMPLOT_CUSTOM_NUMERIC_TYPES=(float)(double)" IMGUI_RICHMD_WITH_LATEX
  IMGUI_RICHMD_EMBED_ASSETS GLFW_INCLUDE_NONE)
target_link_libraries(imgui_headers INTERFACE glfw PkgConfig::FREETYPE PkgConfig::EPOXY)

file(GLOB imgui_sources ${imgui_dir}/imgui*.cpp)
list(APPEND imgui_sources ${imgui_dir}/misc/freetype/imgui_freetype.cpp ${imgui_dir}/misc/cpp/imgui_stdlib.cpp
  ${imgui_dir}/backends/imgui_impl_glfw.cpp
  ${imgui_dir}/backends/imgui_impl_opengl3.cpp ${imgui_dir}/backends/imgui_impl_null.cpp)
# Objects, not an archive: whatever implot or rich_md need later on the link line is there.
third_party_library(imgui OBJECT ${imgui_sources})
target_link_libraries(imgui PUBLIC imgui_headers ${CMAKE_DL_LIBS})

if(HEADLIGHT_TESTS)
  file(GLOB test_engine_sources ${test_engine_dir}/imgui_test_engine/*.cpp)
  third_party_library(imgui_tested OBJECT ${imgui_sources} ${test_engine_sources})
  set_target_properties(imgui_tested PROPERTIES EXCLUDE_FROM_ALL ON)
  # Asserts stay on here in every build type: a wrong call of ours must turn a test red.
  target_compile_options(imgui_tested PRIVATE -UNDEBUG)
  target_include_directories(imgui_tested SYSTEM PUBLIC ${test_engine_dir})
  target_compile_definitions(imgui_tested PUBLIC IMGUI_ENABLE_TEST_ENGINE IMGUI_TEST_ENGINE_ENABLE_IMPLOT=0
    IMGUI_TEST_ENGINE_ENABLE_CAPTURE=1 IMGUI_TEST_ENGINE_ENABLE_STD_FUNCTION=1
    IMGUI_TEST_ENGINE_ENABLE_COROUTINE_STDTHREAD_IMPL=1)
  target_link_libraries(imgui_tested PUBLIC imgui_headers Threads::Threads ${CMAKE_DL_LIBS})
endif()

third_party_library(implot STATIC ${implot_dir}/implot.cpp ${implot_dir}/implot_items.cpp)
target_link_libraries(implot PUBLIC imgui_headers)

# MicroTeX asks for the locale en_US.UTF-8, which many machines lack, in utils.cpp alone; ours asks for none.
file(GLOB_RECURSE microtex_sources ${microtex_dir}/*.cpp)
list(FILTER microtex_sources EXCLUDE REGEX "/wrapper/|/utils/utils\\.cpp$")
third_party_library(microtex STATIC ${microtex_sources} ${PROJECT_SOURCE_DIR}/gui/third_party/microtex_utils.cpp)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/microtex/microtexconfig.h CONTENT
  "#pragma once\n#define MICROTEX_VERSION_MAJOR 1\n#define MICROTEX_VERSION_MINOR 0\n#define MICROTEX_VERSION_PATCH 0\n")
target_include_directories(microtex SYSTEM PUBLIC ${microtex_dir} ${PROJECT_BINARY_DIR}/microtex)
target_compile_definitions(microtex PRIVATE GLYPH_RENDER_TYPE=2)  # glyphs from the typeface, no outlines
# 70 small files that include the same headers: in a few lumps they build in a third of the time.
foreach(source IN LISTS microtex_sources)
  file(STRINGS ${source} macros REGEX "^ *#define")
  if(macros)  # would reach into the files after it
    set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endforeach()
set_target_properties(microtex PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 18)

# Markdown: the renderer, md4c, formulas; the maths font travels inside the program.
set(rich_md_sources ${rich_md_dir}/imgui_rich_md)
third_party_library(rich_md STATIC
  ${rich_md_dir}/external/md4c/src/md4c.c ${rich_md_sources}/rich_md.cpp ${rich_md_sources}/narrative_programming.cpp
  ${rich_md_sources}/internal/rich_md_renderer.cpp ${rich_md_sources}/internal/rich_md_search.cpp
  ${rich_md_sources}/third_party/stb_image_impl.cpp ${rich_md_sources}/backends/latex/rich_md_latex.cpp
  ${rich_md_sources}/backends/latex/internal/graphic_freetype.cpp)
target_include_directories(rich_md SYSTEM PRIVATE ${rich_md_dir}/external/md4c/src)
target_link_libraries(rich_md PUBLIC imgui_headers PRIVATE microtex)
include(${rich_md_dir}/cmake/imgui_richmd_embed_files.cmake)
imgui_richmd_embed_files(rich_md imgui_richmd_embedded_assets BASE_DIR ${rich_md_dir}/assets FILES
  fonts/latex/latinmodern-math.clm1 fonts/latex/latinmodern-math.otf images/markdown_broken_image.png)
