# SPDX-License-Identifier: MIT
# gdb loads the printers for words and cursors along with the shared library from its data directory, under the
# library's real path, which only the installation knows. Include this after the library's own install(). For a
# prefix that gdb is not in itself, .gdbinit needs add-auto-load-scripts-directory and add-auto-load-safe-path with
# PREFIX/share/gdb/auto-load.
if(TARGET errseq_shared AND UNIX AND NOT APPLE)
	set(gdb_script "gdb/$<CONFIG>/$<TARGET_FILE_NAME:errseq_shared>-gdb.py")
	file(GENERATE OUTPUT "${gdb_script}" INPUT "${PROJECT_SOURCE_DIR}/tools/gdb/libErrseq-gdb.py")
	install(CODE "
		set(errseq_kind_of_path ABSOLUTE)
		if(\"/\$ENV{DESTDIR}\" STREQUAL \"/\") # else the links are another system's
			set(errseq_kind_of_path REALPATH)
		endif()
		# An absolute directory replaces the prefix.
		get_filename_component(errseq_libdir \"${CMAKE_INSTALL_LIBDIR}\" \${errseq_kind_of_path}
			BASE_DIR \"\${CMAKE_INSTALL_PREFIX}\")
		get_filename_component(errseq_datadir \"${CMAKE_INSTALL_DATADIR}\" ABSOLUTE
			BASE_DIR \"\${CMAKE_INSTALL_PREFIX}\")
		file(INSTALL \"${CMAKE_CURRENT_BINARY_DIR}/${gdb_script}\"
			DESTINATION \"\${errseq_datadir}/gdb/auto-load\${errseq_libdir}\"
		)
	" COMPONENT Development)
endif()
