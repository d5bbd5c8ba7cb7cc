# How cargo is called, and the targets trimtab::trimtab and trimtab::static.
#
# The libraries are taken out of cargo's folder to `built`, under the names that they are installed by: there they have
# the links that go with a versioned name.

set(abi ${PROJECT_VERSION_MAJOR}) # The ABI changes with the major version only.
set(built "${CMAKE_CURRENT_BINARY_DIR}/$<CONFIG>")

# Names: of the archive, of the shared library, of the chain of links to it, of the library to link in its place.
set(archive "${CMAKE_STATIC_LIBRARY_PREFIX}trimtab${CMAKE_STATIC_LIBRARY_SUFFIX}")
set(from_cargo "${CMAKE_SHARED_LIBRARY_PREFIX}trimtab${CMAKE_SHARED_LIBRARY_SUFFIX}")
set(shared "${from_cargo}")
set(links "")
set(import_library "")
set(linker_flags "")
if(WIN32)
    set(from_cargo trimtab.dll) # The GNU tools would call it libtrimtab.dll, Rust does not.
    set(shared "${from_cargo}")
    set(import_library trimtab.dll.lib)
    if(MINGW)
        set(import_library libtrimtab.dll.a)
    endif()
elseif(APPLE)
    set(shared libtrimtab.${PROJECT_VERSION}.dylib)
    set(links libtrimtab.${abi}.dylib libtrimtab.dylib)
    set(linker_flags -- -C link-arg=-Wl,-install_name,@rpath/libtrimtab.${abi}.dylib)
elseif(NOT CMAKE_PLATFORM_NO_VERSIONED_SONAME)
    set(shared libtrimtab.so.${PROJECT_VERSION})
    set(links libtrimtab.so.${abi} libtrimtab.so)
    set(linker_flags -- -C link-arg=-Wl,-soname,libtrimtab.so.${abi})
endif()

set(features std)
if(TRIMTAB_RAYON)
    string(APPEND features ",rayon")
endif()

# Another machine's program is linked by its own compiler.
set(environment "")
if(CMAKE_CROSSCOMPILING)
    string(MAKE_C_IDENTIFIER "${rust_target}" name)
    string(TOUPPER "${name}" name)
    set(environment "${CMAKE_COMMAND}" -E env "CARGO_TARGET_${name}_LINKER=${CMAKE_C_COMPILER}")
endif()

set(debug "$<CONFIG:Debug>")
set(cargos "${TRIMTAB_CARGO_TARGET_DIR}/${rust_target}/$<IF:${debug},debug,release>")
set(commands COMMAND "${CMAKE_COMMAND}" -E make_directory "${built}")
foreach(library IN ITEMS "${archive}" "${shared}")
    string(REPLACE "${shared}" "${from_cargo}" from "${library}")
    list(APPEND commands COMMAND "${CMAKE_COMMAND}" "-DSTRIP=${strip}" "-DFORMAT=${CMAKE_EXECUTABLE_FORMAT}"
        "-DFROM=${cargos}/${from}" "-DTO=${built}/${library}" -P "${CMAKE_CURRENT_SOURCE_DIR}/cmake/take.cmake")
endforeach()
set(last ${shared})
foreach(link IN LISTS links)
    list(APPEND commands COMMAND "${CMAKE_COMMAND}" -E create_symlink ${last} "${built}/${link}")
    set(last ${link})
endforeach()
if(import_library)
    list(APPEND commands COMMAND "${CMAKE_COMMAND}" -E copy_if_different
        "${cargos}/${import_library}" "${built}/${import_library}")
endif()

set(products ${archive} ${shared} ${import_library})
list(TRANSFORM products PREPEND "${built}/")

# Always called: cargo knows best whether there is something to do.
set(all "")
if(TRIMTAB_INSTALL)
    set(all ALL)
endif()
add_custom_target(trimtab_cargo ${all}
    COMMAND ${environment} "${TRIMTAB_CARGO}" rustc --package trimtab-ffi --lib
        --profile $<IF:${debug},dev,release> --target ${rust_target} --target-dir "${TRIMTAB_CARGO_TARGET_DIR}"
        --no-default-features --features ${features} ${cargo_config} ${TRIMTAB_CARGO_FLAGS} ${linker_flags}
    ${commands}
    BYPRODUCTS ${products}
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
    COMMENT "Building trimtab with cargo"
    USES_TERMINAL VERBATIM COMMAND_EXPAND_LISTS)

# For projects that say add_subdirectory. The same targets are in trimtab-config.cmake.in for installed libraries.
add_library(trimtab::trimtab SHARED IMPORTED GLOBAL)
add_library(trimtab::static STATIC IMPORTED GLOBAL)
set(configurations "${CMAKE_BUILD_TYPE}")
if(several_configurations)
    set(configurations ${CMAKE_CONFIGURATION_TYPES})
endif()
function(trimtab_set_locations suffix folder)
    set_target_properties(trimtab::static PROPERTIES IMPORTED_LOCATION${suffix} "${folder}/${archive}")
    set_target_properties(trimtab::trimtab PROPERTIES IMPORTED_LOCATION${suffix} "${folder}/${shared}")
    if(import_library)
        set_target_properties(trimtab::trimtab PROPERTIES IMPORTED_IMPLIB${suffix} "${folder}/${import_library}")
    endif()
endfunction()
trimtab_set_locations("" "${CMAKE_CURRENT_BINARY_DIR}")
foreach(configuration IN LISTS configurations)
    string(TOUPPER "_${configuration}" suffix)
    trimtab_set_locations("${suffix}" "${CMAKE_CURRENT_BINARY_DIR}/${configuration}")
endforeach()
foreach(library trimtab::trimtab trimtab::static)
    target_include_directories(${library} INTERFACE "${CMAKE_CURRENT_SOURCE_DIR}/../include")
    add_dependencies(${library} trimtab_cargo)
endforeach()
target_link_libraries(trimtab::static INTERFACE ${native_libraries})
