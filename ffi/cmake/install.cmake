# What goes where, and what takes it away again.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# `cmake --install` straight after configuring builds first. What is there is installed as it is: an installation by
# root builds nothing.
install(CODE "
    if(NOT EXISTS \"${built}/${archive}\" OR NOT EXISTS \"${built}/${shared}\")
        execute_process(COMMAND_ERROR_IS_FATAL ANY
            COMMAND \"${CMAKE_COMMAND}\" --build \"${CMAKE_BINARY_DIR}\" --config \"$<CONFIG>\" --target trimtab_cargo)
    endif()")

install(DIRECTORY ../include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "trimtab*.h*")
install(FILES clients/mpi/trimtab_mpi.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES "${built}/${archive}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
if(WIN32)
    install(PROGRAMS "${built}/${shared}" DESTINATION "${CMAKE_INSTALL_BINDIR}")
    install(FILES "${built}/${import_library}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    set(shared_folder "${CMAKE_INSTALL_FULL_BINDIR}")
else()
    install(PROGRAMS "${built}/${shared}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    foreach(link IN LISTS links)
        install(FILES "${built}/${link}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    endforeach()
    set(shared_folder "${CMAKE_INSTALL_FULL_LIBDIR}")
endif()

# The CMake package. Its paths are relative to its own place, so that the prefix may be moved.
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/trimtab")
set(include_folder "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
set(library_folder "${CMAKE_INSTALL_FULL_LIBDIR}")
configure_package_config_file(cmake/trimtab-config.cmake.in trimtab-config.cmake
    INSTALL_DESTINATION "${package_folder}"
    PATH_VARS include_folder library_folder shared_folder)
write_basic_package_version_file(trimtab-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES
    "${CMAKE_CURRENT_BINARY_DIR}/trimtab-config.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/trimtab-config-version.cmake"
    DESTINATION "${package_folder}")

# The pkg-config file, movable for the same reason. A folder given as an absolute path stays where it is.
set(pc_folder "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH pc_to_prefix "${pc_folder}" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
foreach(name INCLUDEDIR LIBDIR)
    set(pc_${name} "\${prefix}/${CMAKE_INSTALL_${name}}")
    if(IS_ABSOLUTE "${CMAKE_INSTALL_${name}}")
        set(pc_${name} "${CMAKE_INSTALL_${name}}")
    endif()
endforeach()
list(JOIN native_libraries " " pc_native_libraries)
configure_file(cmake/trimtab.pc.in trimtab.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/trimtab.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

if(top_level)
    configure_file(cmake/uninstall.cmake.in uninstall.cmake @ONLY)
    add_custom_target(uninstall
        COMMAND "${CMAKE_COMMAND}" -P "${CMAKE_CURRENT_BINARY_DIR}/uninstall.cmake"
        VERBATIM)
endif()
