# SPDX-License-Identifier: MIT
# What `cmake --install` puts where, and how find_package and pkg-config find it again.
include(CMakePackageConfigHelpers)

set(ERRSEQ_INSTALL_CMAKEDIR "${CMAKE_INSTALL_LIBDIR}/cmake/libErrseq" CACHE STRING
	"Where the package configuration of libErrseq goes")

# Not as a FILE_SET: with an absolute include directory, CMake 3.25 exports a path that does not exist.
install(DIRECTORY include/errseq DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")

# One export a kind, so that a package that ships only one of them works.
foreach(kind IN LISTS errseq_kinds)
	install(TARGETS errseq_${kind} EXPORT libErrseq-${kind}
		INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
	)
	install(EXPORT libErrseq-${kind}
		NAMESPACE libErrseq::
		FILE libErrseq-${kind}.cmake
		DESTINATION "${ERRSEQ_INSTALL_CMAKEDIR}"
	)
endforeach()

configure_package_config_file(cmake/libErrseqConfig.cmake.in
	"${CMAKE_CURRENT_BINARY_DIR}/libErrseqConfig.cmake"
	INSTALL_DESTINATION "${ERRSEQ_INSTALL_CMAKEDIR}"
	NO_SET_AND_CHECK_MACRO
)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/libErrseqConfigVersion.cmake"
	COMPATIBILITY SameMinorVersion # until 1.0, a minor version may break
)
install(
	FILES
		"${CMAKE_CURRENT_BINARY_DIR}/libErrseqConfig.cmake"
		"${CMAKE_CURRENT_BINARY_DIR}/libErrseqConfigVersion.cmake"
	DESTINATION "${ERRSEQ_INSTALL_CMAKEDIR}"
)

# pkg-config: relative to the .pc file, so that a moved prefix works; an absolute directory stays as it is.
set(pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
	set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
	set(pc_libdir "${CMAKE_INSTALL_LIBDIR}")
else()
	file(RELATIVE_PATH pc_up "/p/${pc_dir}" "/p")
	string(REGEX REPLACE "/$" "" pc_up "${pc_up}")
	set(pc_prefix "\${pcfiledir}/${pc_up}")
	set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
	set(pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
else()
	set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(cmake/libErrseq.pc.in "${CMAKE_CURRENT_BINARY_DIR}/libErrseq.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/libErrseq.pc" DESTINATION "${pc_dir}")

# The manual; a page that documents several functions is found under the name of each.
foreach(section IN ITEMS 3 7)
	file(GLOB pages docs/man/*.${section})
	install(FILES ${pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}")
	foreach(page IN LISTS pages)
		cmake_path(GET page FILENAME file)
		file(STRINGS "${page}" names REGEX "^\\.Nm errseq[0-9]*_")
		foreach(name IN LISTS names)
			string(REGEX REPLACE "^\\.Nm ([a-z0-9_]+).*" "\\1.${section}" alias "${name}")
			if(NOT alias STREQUAL file)
				file(CONFIGURE OUTPUT "man/${alias}" CONTENT ".so man${section}/${file}\n")
				install(FILES "${CMAKE_CURRENT_BINARY_DIR}/man/${alias}"
					DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}")
			endif()
		endforeach()
	endforeach()
endforeach()

install(FILES LICENSE README.md CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")

include(cmake/gdb.cmake)
