# SPDX-License-Identifier: MIT
# What `cmake --install` puts where, and how find_package and pkg-config find it again.
#
# Components, for cmake --install BUILD --component NAME: Runtime is what programs need that are linked with the shared
# library; Development is what their developers need; Documentation is the manual and the licence.
include(CMakePackageConfigHelpers)

if(NOT CMAKE_VERSION VERSION_LESS 3.21)
	install(CODE "
		if(CMAKE_INSTALL_COMPONENT AND NOT CMAKE_INSTALL_COMPONENT MATCHES \"^(Runtime|Development|Documentation)\\$\")
			message(FATAL_ERROR \"libErrseq has no component '\${CMAKE_INSTALL_COMPONENT}': it has Runtime, \"
				\"Development and Documentation\")
		endif()
	" ALL_COMPONENTS)
endif()

set(ERRSEQ_INSTALL_CMAKEDIR "${CMAKE_INSTALL_LIBDIR}/cmake/libErrseq" CACHE STRING
	"Where the package configuration of libErrseq goes")

# Not as a FILE_SET: with an absolute include directory, CMake 3.25 exports a path that does not exist.
install(DIRECTORY include/errseq DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT Development
	FILES_MATCHING PATTERN "*.h")

# One export a kind, so that a package that ships only one of them works.
foreach(kind IN LISTS errseq_kinds)
	install(TARGETS errseq_${kind} EXPORT libErrseq-${kind}
		RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT Runtime
		LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT Runtime NAMELINK_COMPONENT Development
		ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT Development
		INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
	)
	install(EXPORT libErrseq-${kind}
		NAMESPACE libErrseq::
		FILE libErrseq-${kind}.cmake
		DESTINATION "${ERRSEQ_INSTALL_CMAKEDIR}"
		COMPONENT Development
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
	COMPONENT Development
)

# The .pc file is written when it is installed, because that is when the prefix is known for certain (cmake --install
# --prefix). It names the prefix, as pkg-config's own rules want it: in /usr nothing is left but -lErrseq, and a
# sysroot is added once. After a move: pkg-config --define-variable=prefix=NEW.
set(pc_kind shared)
if(NOT TARGET errseq_shared)
	set(pc_kind static)
endif()
foreach(dir IN ITEMS LIB INCLUDE)
	string(TOLOWER "pc_${dir}dir" variable)
	if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}DIR}")
		set(${variable} "${CMAKE_INSTALL_${dir}DIR}")
	else()
		set(${variable} "\${prefix}/${CMAKE_INSTALL_${dir}DIR}")
	endif()
endforeach()
set(AT "@") # for what is known only then
configure_file(cmake/libErrseq.pc.in "${CMAKE_CURRENT_BINARY_DIR}/libErrseq.pc.in" @ONLY)
install(CODE "
	get_filename_component(pc_prefix \"\${CMAKE_INSTALL_PREFIX}\" ABSOLUTE)
	set(pc_name \"$<TARGET_LINKER_FILE_BASE_NAME:errseq_${pc_kind}>\")
	configure_file(\"${CMAKE_CURRENT_BINARY_DIR}/libErrseq.pc.in\" \"${CMAKE_CURRENT_BINARY_DIR}/libErrseq.pc\" @ONLY)
" COMPONENT Development)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/libErrseq.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
	COMPONENT Development)

# The manual; a page that documents several functions is found under the name of each.
foreach(section IN ITEMS 3 7)
	file(GLOB pages docs/man/*.${section})
	install(FILES ${pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}" COMPONENT Documentation)
	foreach(page IN LISTS pages)
		get_filename_component(file "${page}" NAME)
		file(STRINGS "${page}" names REGEX "^\\.Nm (errseq|ERRSEQ)[0-9]*_")
		foreach(name IN LISTS names)
			string(REGEX REPLACE "^\\.Nm ([A-Za-z0-9_]+).*" "\\1.${section}" alias "${name}")
			if(NOT alias STREQUAL file)
				file(CONFIGURE OUTPUT "man/${alias}" CONTENT ".so man${section}/${file}\n")
				install(FILES "${CMAKE_CURRENT_BINARY_DIR}/man/${alias}"
					DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}" COMPONENT Documentation)
			endif()
		endforeach()
	endforeach()
endforeach()

install(FILES LICENSE README.md CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT Documentation)

include(cmake/gdb.cmake)
