# SPDX-License-Identifier: MIT
# cmocka as one target, errseq_cmocka, whatever its version: Debian 12's 1.1.5 only sets CMOCKA_LIBRARIES,
# newer ones bring cmocka::cmocka.
if(NOT TARGET errseq_cmocka)
	find_package(cmocka QUIET)
	if(NOT cmocka_FOUND)
		message(FATAL_ERROR
			"libErrseq's tests need cmocka, and it was not found. Install it (Debian: apt-get install "
			"libcmocka-dev), or configure without the tests: -DERRSEQ_BUILD_TESTS=OFF")
	endif()
	add_library(errseq_cmocka INTERFACE)
	if(TARGET cmocka::cmocka)
		target_link_libraries(errseq_cmocka INTERFACE cmocka::cmocka)
	else()
		target_link_libraries(errseq_cmocka INTERFACE ${CMOCKA_LIBRARIES})
		target_include_directories(errseq_cmocka SYSTEM INTERFACE ${CMOCKA_INCLUDE_DIR})
	endif()
endif()
