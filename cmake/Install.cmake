# Installs headers, libraries, the command, and the files of pkg-config and find_package.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/vecdot")
set(installed_targets vecdot)
if(TARGET vecdot_static)
    list(APPEND installed_targets vecdot_static)
endif()

install(TARGETS ${installed_targets} EXPORT vecdotTargets
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
if(TARGET vecdot_command)
    install(TARGETS vecdot_command DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/vecdot" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h")

install(EXPORT vecdotTargets NAMESPACE vecdot:: DESTINATION "${package_dir}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/vecdotConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/vecdotConfig.cmake" INSTALL_DESTINATION "${package_dir}")
# Before 1.0 a minor version may change the interface, as for the SONAME.
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(compatibility SameMinorVersion)
else()
    set(compatibility SameMajorVersion)
endif()
write_basic_package_version_file("${PROJECT_BINARY_DIR}/vecdotConfigVersion.cmake"
    COMPATIBILITY ${compatibility})
install(FILES "${PROJECT_BINARY_DIR}/vecdotConfig.cmake" "${PROJECT_BINARY_DIR}/vecdotConfigVersion.cmake"
        DESTINATION "${package_dir}")

# The .pc file gives the prefix relative to itself, so that an installed tree can be moved.
set(pc_dir "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${pc_dir}" OUTPUT_VARIABLE pc_to_prefix)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}"
           OUTPUT_VARIABLE pc_libdir)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_INCLUDEDIR BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}"
           OUTPUT_VARIABLE pc_includedir)
configure_file("${PROJECT_SOURCE_DIR}/cmake/vecdot.pc.in" "${PROJECT_BINARY_DIR}/vecdot.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/vecdot.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
