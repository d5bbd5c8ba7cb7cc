# What is left out of the libraries, unless somebody wants to debug them: debug sections, most of them of Rust's standard
# library, its bitcode, which only rustc can use, and the paths of this machine, so that two folders give the same bytes.
#
# Sets `cargo_config`, what to tell cargo, and `strip`, the tool that is to go over cargo's libraries, or nothing; both are
# generator expressions.

set(keep "$<OR:$<BOOL:${TRIMTAB_KEEP_DEBUG_INFO}>,$<CONFIG:Debug,RelWithDebInfo>>")

# Flags of cargo's `build` table: those of the environment or of a target in the user's configuration stand above them.
set(cargo_home "$ENV{CARGO_HOME}")
if(NOT cargo_home AND WIN32)
    set(cargo_home "$ENV{USERPROFILE}/.cargo")
elseif(NOT cargo_home)
    set(cargo_home "$ENV{HOME}/.cargo")
endif()
get_filename_component(sources "${CMAKE_CURRENT_SOURCE_DIR}/.." ABSOLUTE)
set(remap "")
foreach(folder IN ITEMS "${cargo_home}=cargo" "${sources}=trimtab")
    string(REPLACE "\\" "\\\\" folder "${folder}")
    string(REPLACE "\"" "\\\"" folder "${folder}")
    string(APPEND remap "\"--remap-path-prefix=${folder}\",")
endforeach()
set(cargo_config
    "$<$<NOT:${keep}>:--config=build.rustflags=[${remap}]>"
    "$<${keep}:--config=profile.release.debug=\"line-tables-only\">")

# Microsoft's compiler has no such tool: what its debugger needs is in files of their own.
set(strip "$<$<NOT:${keep}>:${CMAKE_STRIP}>")
