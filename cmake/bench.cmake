# Measurements, not tests: built on request (cmake --build ... --target headlight_bench_backend), run by hand.
foreach(name backend map_tiles train)
  add_executable(headlight_bench_${name} EXCLUDE_FROM_ALL tests/bench/${name}_bench.cpp)
  target_include_directories(headlight_bench_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(headlight_bench_${name} PRIVATE headlight_core headlight_warnings)
endforeach()

if(HEADLIGHT_GUI)
  foreach(name typing long_text start)
    add_executable(headlight_bench_${name} EXCLUDE_FROM_ALL tests/bench/${name}_bench.cpp)
    target_include_directories(headlight_bench_${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(headlight_bench_${name} PRIVATE headlight_gui headlight_core imgui headlight_warnings)
  endforeach()
endif()
