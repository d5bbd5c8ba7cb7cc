# Finds cargo. Sets `rust_target`, the machine to build for, and `native_libraries`, what the archive is linked with.

set(how_to_have_it "Install Rust ${oldest_rust} or newer, from https://rustup.rs or your distribution")

set(homes "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin" "$ENV{USERPROFILE}/.cargo/bin")
find_program(TRIMTAB_CARGO cargo HINTS ${homes} DOC "Rust's build tool")
if(NOT TRIMTAB_CARGO)
    message(FATAL_ERROR "trimtab is built by Rust's cargo, which is not in the PATH. ${how_to_have_it}, "
        "or say where it is: -DTRIMTAB_CARGO=/path/to/cargo")
endif()

execute_process(COMMAND "${TRIMTAB_CARGO}" --version --verbose
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
    RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(NOT result EQUAL 0 OR NOT said MATCHES "release: ([0-9.]+)")
    message(FATAL_ERROR "${TRIMTAB_CARGO} --version fails: ${result}\n${said}")
endif()
set(cargo_version "${CMAKE_MATCH_1}")
if(cargo_version VERSION_LESS oldest_rust)
    message(FATAL_ERROR "trimtab needs Rust ${oldest_rust}, and ${TRIMTAB_CARGO} is ${cargo_version}. "
        "${how_to_have_it}, and choose it with -DTRIMTAB_CARGO=/path/to/cargo")
endif()

set(rust_target "${TRIMTAB_RUST_TARGET}")
if(NOT rust_target)
    if(CMAKE_CROSSCOMPILING)
        message(FATAL_ERROR "Cross-compiling for ${CMAKE_SYSTEM_NAME} on ${CMAKE_SYSTEM_PROCESSOR}: say what Rust "
            "calls it, for example -DTRIMTAB_RUST_TARGET=aarch64-unknown-linux-gnu (rustc --print target-list)")
    endif()
    string(REGEX MATCH "host: ([^\n\r ]+)" _ "${said}")
    set(rust_target "${CMAKE_MATCH_1}")
endif()

# Only Rust's standard library needs libraries of the system, so an empty crate needs the same ones.
get_filename_component(beside_cargo "${TRIMTAB_CARGO}" DIRECTORY)
find_program(TRIMTAB_RUSTC rustc HINTS "${beside_cargo}" DOC "Rust's compiler")
set(empty "${CMAKE_CURRENT_BINARY_DIR}/empty.rs")
file(WRITE "${empty}" "")
execute_process(COMMAND "${TRIMTAB_RUSTC}" --crate-type staticlib --target ${rust_target}
        --print native-static-libs -o "${CMAKE_CURRENT_BINARY_DIR}/empty.a" "${empty}"
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
    RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
file(REMOVE "${empty}" "${CMAKE_CURRENT_BINARY_DIR}/empty.a")
if(NOT result EQUAL 0 OR NOT said MATCHES "native-static-libs: ([^\n\r]*)")
    message(FATAL_ERROR "Rust's compiler (${TRIMTAB_RUSTC}) cannot build for ${rust_target}; "
        "if its standard library is missing: rustup target add ${rust_target}\n${said}")
endif()
separate_arguments(native_libraries NATIVE_COMMAND "${CMAKE_MATCH_1}")
# The compiler that links brings these itself, in the form that fits its options (-static, /MT).
list(REMOVE_ITEM native_libraries -lc -lgcc_s /defaultlib:msvcrt)

message(STATUS "trimtab ${PROJECT_VERSION}, built by cargo ${cargo_version} for ${rust_target}")
