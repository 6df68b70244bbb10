# One fuzz target for each tests/fuzz/*_fuzz.cpp, with clang's libFuzzer. `./run test --full` builds them and runs each
# for a minute from the seeds in tests/fuzz/corpus/TARGET/; by hand:
#   cmake --preset fuzz && cmake --build --preset fuzz --target fuzz_targets
#   mkdir -p corpus && build/fuzz/gguf_fuzz -max_total_time=600 corpus tests/golden/families
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "HEADLIGHT_FUZZ needs clang++; this is ${CMAKE_CXX_COMPILER_ID}.")
endif()
target_compile_options(headlight_core PRIVATE -fsanitize=fuzzer-no-link)
file(GLOB fuzz_sources CONFIGURE_DEPENDS tests/fuzz/*_fuzz.cpp)
add_custom_target(fuzz_targets)
set_source_files_properties(tests/core/source_dir.cpp PROPERTIES
  COMPILE_DEFINITIONS HEADLIGHT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
foreach(fuzz_source ${fuzz_sources})
  get_filename_component(fuzz_name ${fuzz_source} NAME_WE)
  add_executable(${fuzz_name} ${fuzz_source} tests/core/source_dir.cpp)
  target_compile_options(${fuzz_name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${fuzz_name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${fuzz_name} PRIVATE headlight_core headlight_warnings)
  add_dependencies(fuzz_targets ${fuzz_name})
endforeach()
