# The boxes, bottom to top. docs/architecture.md holds the same table, and tests/lint compares them.
set(pure_pch ${CMAKE_SOURCE_DIR}/oidc/base/pch.h)
set(server_pch ${CMAKE_SOURCE_DIR}/server/runtime/pch.h)

latchkey_box(oidc_base oidc/base PCH ${pure_pch})
latchkey_box(oidc_crypto oidc/crypto PCH ${pure_pch} PUBLIC oidc_base
             PRIVATE OpenSSL::Crypto PkgConfig::ARGON2)
latchkey_box(oidc_jose oidc/jose PCH ${pure_pch} PUBLIC oidc_base oidc_crypto)
latchkey_box(oidc_protocol oidc EXCLUDE "/oidc/(base|crypto|jose)/" PCH ${pure_pch}
             PUBLIC oidc_base oidc_crypto oidc_jose)

# Asio and Beast are compiled once, here.
latchkey_box(server_runtime server/runtime PCH ${server_pch}
             PUBLIC oidc_base Boost::headers Threads::Threads OpenSSL::SSL)
target_compile_definitions(server_runtime PUBLIC BOOST_ASIO_SEPARATE_COMPILATION
                           BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
                           BOOST_ASIO_DISABLE_BOOST_REGEX)
latchkey_box(server_config server/config PCH ${pure_pch} PUBLIC oidc_base
             PRIVATE tomlplusplus::tomlplusplus)
latchkey_box(server_observe server/observe PCH ${pure_pch} PUBLIC oidc_base oidc_crypto
             PRIVATE spdlog::spdlog)
latchkey_box(server_http server/http PCH ${server_pch}
             PUBLIC server_runtime PRIVATE OpenSSL::SSL)
latchkey_box(server_outbound server/outbound PCH ${server_pch}
             PUBLIC server_runtime PRIVATE PkgConfig::CURL)
latchkey_box(server_store server/store PCH ${server_pch}
             PUBLIC server_runtime oidc_protocol PRIVATE third_party_soci)
if(LATCHKEY_SANITIZE)
  # Debian's SOCI keeps the type information of its back ends to itself.
  target_compile_options(server_store PRIVATE -fno-sanitize=vptr)
endif()
latchkey_box(server_keys server/keys PCH ${server_pch} PUBLIC server_store oidc_protocol)
latchkey_box(server_page server/page PCH ${pure_pch} PUBLIC oidc_base oidc_crypto server_http)
latchkey_box(server_mail server/mail PCH ${server_pch}
             PUBLIC server_outbound server_store server_keys server_page server_observe oidc_protocol)
latchkey_box(server_account server/account PCH ${server_pch}
             PUBLIC server_store oidc_protocol PRIVATE zxcvbn)
latchkey_box(server_provider server/provider PCH ${server_pch}
             PUBLIC server_http server_outbound server_store server_keys server_page server_observe
                    server_config server_account server_mail oidc_protocol)
latchkey_box(server_signin server/signin PCH ${server_pch} PUBLIC server_provider)
latchkey_box(server_console server/console PCH ${server_pch} PUBLIC server_signin)
latchkey_box(server_endpoint server/endpoint PCH ${server_pch}
             PUBLIC server_console server_signin server_provider)
latchkey_box(server_admin server/admin PCH ${server_pch}
             PUBLIC server_provider server_mail server_page server_store server_keys
                    server_account server_config)
latchkey_box(server_app server/app PCH ${server_pch}
             PUBLIC server_signin server_endpoint server_admin)

# Text resources are compiled in as tables of name and contents.
#   latchkey_embed(TARGET NAMESPACE FOLDER SUFFIX...)
function(latchkey_embed target namespace folder)
  set(output ${CMAKE_BINARY_DIR}/embed/${namespace}.cpp)
  set(globs)
  foreach(suffix ${ARGN})
    list(APPEND globs ${CMAKE_SOURCE_DIR}/${folder}/*.${suffix})
  endforeach()
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${globs})
  list(FILTER files EXCLUDE REGEX "/testdata/")
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DNAMESPACE=${namespace}
            -DROOT=${CMAKE_SOURCE_DIR}/${folder} "-DFILES=${files}"
            -P ${CMAKE_SOURCE_DIR}/script/embed.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/script/embed.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()

function(latchkey_embed_if target)
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL "INTERFACE_LIBRARY")
    latchkey_embed(${ARGV})
  endif()
endfunction()
latchkey_embed_if(server_page embedded_templates templates mustache json)
latchkey_embed_if(server_page embedded_static static css js svg)
latchkey_embed_if(server_store embedded_schema schema sql)

if(EXISTS ${CMAKE_SOURCE_DIR}/server/main.cpp)
  add_executable(latchkey server/main.cpp)
  target_link_libraries(latchkey PRIVATE server_app)
  target_link_options(latchkey PRIVATE -pie)
  set_target_properties(latchkey PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endif()
