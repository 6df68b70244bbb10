# The window: headlight_gui (all of gui/ but main.cpp) and the program `headlight`.
file(GLOB_RECURSE gui_sources CONFIGURE_DEPENDS gui/*.cpp)
list(FILTER gui_sources EXCLUDE REGEX "/gui/(main\\.cpp|third_party/)")
# Objects only, linked to no imgui: `headlight` brings the shipped one, gui_tests the one with the test engine.
add_library(headlight_gui STATIC ${gui_sources})
# The one file that looks there: the others compile to the same objects in every folder.
set_source_files_properties(gui/strings.cpp PROPERTIES COMPILE_DEFINITIONS HEADLIGHT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_link_libraries(headlight_gui
  PUBLIC headlight_core imgui_headers implot rich_md
  PRIVATE headlight_warnings PkgConfig::FONTCONFIG PkgConfig::EPOXY PkgConfig::EGL PkgConfig::PNG)

add_executable(headlight gui/main.cpp)
target_link_libraries(headlight PRIVATE headlight_gui imgui headlight_warnings CLI11::CLI11)
set_target_properties(headlight PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
