# What `cmake --install build/release` puts where. Included from CMakeLists.txt after the program.
include(GNUInstallDirs)

if(TARGET latchkey)
  install(TARGETS latchkey RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

  # The unit names the program and the documents by their full paths, which are known only when
  # `cmake --install --prefix` has said where to.
  install(CODE "
    set(BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
    set(DOCDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}\")
    configure_file(\"${CMAKE_SOURCE_DIR}/script/latchkey.service\"
                   \"${CMAKE_BINARY_DIR}/install/latchkey.service\" @ONLY)")
  install(FILES ${CMAKE_BINARY_DIR}/install/latchkey.service DESTINATION lib/systemd/system)
  install(FILES ${CMAKE_SOURCE_DIR}/script/latchkey.sysusers DESTINATION lib/sysusers.d
          RENAME latchkey.conf)

  set(documents README.md LICENSE SECURITY.md CHANGELOG.md docs/operations.md docs/configuration.md
                docs/standards.md)
  foreach(document ${documents})
    if(EXISTS ${CMAKE_SOURCE_DIR}/${document})
      install(FILES ${CMAKE_SOURCE_DIR}/${document} DESTINATION ${CMAKE_INSTALL_DOCDIR})
    endif()
  endforeach()
endif()
