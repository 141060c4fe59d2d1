# One test executable per layer. Catch2 is 2.13 on Debian 12 and 3.x on 13: tests/support/catch.h
# hides the difference.
enable_testing()
set_source_files_properties(${CMAKE_SOURCE_DIR}/tests/support/catch_main.cpp
                            PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
function(latchkey_tests name folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*_test.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources} ${CMAKE_SOURCE_DIR}/tests/support/catch_main.cpp)
  target_link_libraries(${name} PRIVATE ${ARGN})
  # Not __FILE__: ccache makes it relative to the build folder.
  target_compile_definitions(${name} PRIVATE LATCHKEY_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_precompile_headers(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/support/catch.h)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
endfunction()

latchkey_tests(unit_oidc tests/unit/oidc oidc_protocol)
latchkey_tests(unit_http tests/unit/server/http server_http)
latchkey_tests(unit_outbound tests/unit/server/outbound server_outbound)
latchkey_tests(unit_provider tests/unit/server/provider server_provider)
latchkey_tests(unit_config tests/unit/server/config server_config)
latchkey_tests(unit_observe tests/unit/server/observe server_observe)
latchkey_tests(unit_page tests/unit/server/page server_page)
latchkey_tests(unit_server tests/unit/server/app server_app)
latchkey_tests(store_contract tests/store server_store server_keys)
