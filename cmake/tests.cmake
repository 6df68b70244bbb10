# One test binary for core; every tests/core/*_test.cpp belongs to it.
find_package(GTest REQUIRED)
file(GLOB_RECURSE core_test_sources CONFIGURE_DEPENDS tests/core/*.cpp)
add_executable(core_tests ${core_test_sources})
target_include_directories(core_tests PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(core_tests PRIVATE HEADLIGHT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_link_libraries(core_tests PRIVATE headlight_core headlight_warnings GTest::gtest GTest::gtest_main)
add_test(NAME core COMMAND core_tests WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
