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

  # As they lie here, so that their links hold.
  install(FILES README.md LICENSE SECURITY.md CHANGELOG.md CONTRIBUTING.md
          DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(DIRECTORY docs schema DESTINATION ${CMAKE_INSTALL_DOCDIR}
          FILES_MATCHING PATTERN "*.md" PATTERN "*.png")
endif()
