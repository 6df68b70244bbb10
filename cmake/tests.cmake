find_package(GTest REQUIRED)

# Half of the compile time of a clean build is that of tests: what they call is optimised and checked, they are
# not.
if(HEADLIGHT_SANITIZE STREQUAL "address,undefined")
  set(test_options -O0 -fno-sanitize=undefined)
else()
  set(test_options -O1)
endif()

set_source_files_properties(tests/core/source_dir.cpp PROPERTIES
  COMPILE_DEFINITIONS HEADLIGHT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")

# For another processor, under an emulator: what the kernels compute, and no more, because both are slow.
if(CMAKE_CROSSCOMPILING)
  file(GLOB kernel_test_sources CONFIGURE_DEPENDS tests/core/backends/*.cpp tests/core/golden/*.cpp
       tests/core/forward/*.cpp tests/core/source_dir.cpp tests/core/model_files/number_formats_test.cpp)
  add_executable(kernel_tests ${kernel_test_sources})
  target_include_directories(kernel_tests PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(kernel_tests PRIVATE headlight_core headlight_warnings GTest::gtest GTest::gtest_main
    PkgConfig::LIBZIP)
  add_test(NAME kernels COMMAND kernel_tests WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  return()
endif()

# One test binary for core; every tests/core/*_test.cpp belongs to it.
file(GLOB_RECURSE core_test_sources CONFIGURE_DEPENDS tests/core/*.cpp)
add_executable(core_tests ${core_test_sources})
target_include_directories(core_tests PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_options(core_tests PRIVATE ${test_options})
target_link_libraries(core_tests PRIVATE headlight_core headlight_warnings GTest::gtest GTest::gtest_main
  PkgConfig::LIBZIP)
add_test(NAME core COMMAND core_tests WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})

# Those of them in which threads meet, for ThreadSanitizer: a third of the compile time.
if(HEADLIGHT_SANITIZE STREQUAL "thread")
  add_executable(thread_tests tests/core/session/latest_wins_test.cpp tests/core/session/computation_test.cpp
    tests/core/session/computation_device_test.cpp
    tests/core/backends/thread_pool_test.cpp tests/core/base/float_pool_test.cpp tests/core/source_dir.cpp)
  target_include_directories(thread_tests PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(thread_tests PRIVATE headlight_core headlight_warnings GTest::gtest GTest::gtest_main)
endif()

# The window's tests: real ImGui code driven by the test engine, without a display; every tests/gui/*.cpp belongs to it.
if(HEADLIGHT_GUI)
  file(GLOB_RECURSE gui_test_sources CONFIGURE_DEPENDS tests/gui/*.cpp)
  add_executable(gui_tests ${gui_test_sources} tests/core/source_dir.cpp)
  target_include_directories(gui_tests PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(gui_tests PRIVATE ${test_options})
  target_link_libraries(gui_tests PRIVATE headlight_gui headlight_core imgui_tested headlight_warnings GTest::gtest GTest::gtest_main)
  add_test(NAME gui COMMAND gui_tests WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endif()

# Programs that are killed while they edit: whatever the moment, the session opens again.
if(NOT HEADLIGHT_SANITIZE)
  add_executable(session_typist tests/kill/session_typist.cpp)
  target_include_directories(session_typist PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(session_typist PRIVATE headlight_core headlight_warnings)
  set(kill_words python3 ${PROJECT_SOURCE_DIR}/tests/kill/kill_test.py --typist $<TARGET_FILE:session_typist>)
  if(HEADLIGHT_GUI)
    add_executable(window_typist tests/kill/window_typist.cpp)
    target_include_directories(window_typist PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(window_typist PRIVATE headlight_gui imgui headlight_warnings)
    list(APPEND kill_words --window $<TARGET_FILE:window_typist> --model tests/golden/tiny_llama_q.gguf)
  endif()
  add_test(NAME kill COMMAND ${kill_words} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endif()

include(cmake/bench.cmake)
