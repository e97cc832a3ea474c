# The benchmark: the library against hand-written loops on the host's cores, in one run.
add_executable(bench EXCLUDE_FROM_ALL
    "${PROJECT_SOURCE_DIR}/bench/bench.c" "${PROJECT_SOURCE_DIR}/bench/streams.c")
target_link_libraries(bench PRIVATE flags vecdot Threads::Threads m)
# The floor may use all that this machine has, and add in any order.
set_source_files_properties("${PROJECT_SOURCE_DIR}/bench/streams.c" PROPERTIES
                            COMPILE_OPTIONS "-O3;-march=native;-ffast-math")
