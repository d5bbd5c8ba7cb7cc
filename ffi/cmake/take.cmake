# Takes the library FROM over as TO, which keeps its time stamp when nothing changed; without its debug sections and Rust's
# bitcode if there is STRIP, a tool for that. FORMAT: what libraries are made of.
if(STRIP)
    # Apple's tool has no long options, and Apple's libraries no sections of these names.
    set(options -S)
    if(FORMAT STREQUAL "ELF")
        set(options -D --strip-debug --remove-section=.llvmbc --remove-section=.llvmcmd)
    endif()
    execute_process(COMMAND "${STRIP}" ${options} "${FROM}" -o "${TO}.light" COMMAND_ERROR_IS_FATAL ANY)
    set(FROM "${TO}.light")
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${FROM}" "${TO}" COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE "${TO}.light")
