# SPDX-License-Identifier: MIT
# cmocka as one target, errseq_cmocka, whatever its version: Debian 12's 1.1.5 only sets CMOCKA_LIBRARIES, newer
# ones bring cmocka::cmocka. No target if there is no cmocka.
if(NOT TARGET errseq_cmocka)
	find_package(cmocka QUIET)
	if(cmocka_FOUND)
		add_library(errseq_cmocka INTERFACE)
		if(TARGET cmocka::cmocka)
			target_link_libraries(errseq_cmocka INTERFACE cmocka::cmocka)
		else()
			target_link_libraries(errseq_cmocka INTERFACE ${CMOCKA_LIBRARIES})
			target_include_directories(errseq_cmocka SYSTEM INTERFACE ${CMOCKA_INCLUDE_DIR})
		endif()
	endif()
endif()
