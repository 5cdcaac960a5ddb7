# The rooms: what programs consist of.
#
# A build with Linux's own code does not make them, but takes those of another build (SHOOTDOWN_ROOMS).

# A room is a folder and a library: all its sources but the tests and `EXCEPT`. It may include headers of its own
# and of the rooms that it names behind `SEES`, no others; the test `rooms` reads that from rooms.txt.
file(WRITE ${CMAKE_BINARY_DIR}/rooms.txt "")
function(note_room path)
  list(JOIN ARGN " " sees)
  file(APPEND ${CMAKE_BINARY_DIR}/rooms.txt "${path}: ${sees}\n")
endfunction()
function(add_room path)
  cmake_parse_arguments(ROOM "" "" "SEES;EXCEPT" ${ARGN})
  note_room(${path} ${ROOM_SEES})
  list_sources(${path} sources)
  foreach(source IN LISTS ROOM_EXCEPT)
    list(REMOVE_ITEM sources ${path}/${source})
  endforeach()
  string(REPLACE "/" "_" name ${path})
  list(TRANSFORM ROOM_SEES REPLACE "/" "_" OUTPUT_VARIABLE below)
  list(TRANSFORM below PREPEND "room_")
  if(sources)
    add_library(room_${name} STATIC ${sources})
    target_link_libraries(room_${name} PUBLIC ${below})
  else()
    add_library(room_${name} INTERFACE)
    target_link_libraries(room_${name} INTERFACE ${below})
  endif()
endfunction()

# The model and the oracles.
add_room(engine)
add_room(engine/program)
add_room(engine/events SEES engine engine/program)
add_room(engine/sched SEES engine engine/program engine/events)
target_link_libraries(room_engine_sched PUBLIC Boost::context)
add_room(engine/run SEES engine engine/program engine/events engine/sched)
add_room(engine/machine SEES engine engine/program engine/events engine/sched)
add_room(engine/kernel SEES engine engine/program engine/events engine/sched engine/run engine/machine)
# The seam to Linux's own code. What it is made of is compiled for each kernel tree, and linked to programs; its kernel side is
# C and is built by ci/linux.
add_room(engine/linux/shim)
note_room(engine/linux engine/linux/shim engine engine/program engine/events engine/run engine/machine)
add_library(room_engine_linux INTERFACE)
add_room(engine/zap SEES engine engine/run engine/kernel engine/linux)
add_room(engine/reference SEES engine engine/program)
add_room(oracles SEES engine engine/events engine/reference)
target_link_libraries(room_oracles PUBLIC ${fmt})
# The oracles are listed once, in oracles/oracles.def, which names their headers. C++ cannot include by a list.
file(STRINGS oracles/oracles.def oracle_lines REGEX "^ORACLE\\(")
list(TRANSFORM oracle_lines REPLACE "^ORACLE\\([A-Za-z0-9]+, ([a-z0-9_]+), .*$" "#include \"oracles/\\1.h\"\n")
list(JOIN oracle_lines "" oracle_includes)
file(CONFIGURE OUTPUT generated/oracles/headers.h CONTENT "#pragma once\n\n${oracle_includes}" @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS oracles/oracles.def)

# Programs as bytes and as text, traces, replays: all that fuzz targets need.
add_room(fuzz/io)
target_link_libraries(room_fuzz_io PUBLIC ${fmt})
add_room(fuzz/language SEES engine engine/program engine/events engine/sched engine/zap oracles)
add_room(fuzz/trace SEES engine/program engine/events oracles fuzz/language)
add_room(fuzz/replay SEES engine engine/program engine/events engine/sched engine/run engine/zap oracles fuzz/io fuzz/language fuzz/trace)
add_room(fuzz/compare SEES engine engine/program engine/events engine/run engine/sched fuzz/language fuzz/replay)

# Rooms of programs.
note_room(fuzz/targets engine/program engine/events engine/run engine/sched engine/linux engine/zap oracles fuzz/language fuzz/replay)
note_room(fuzz/checks engine engine/events engine/linux engine/run engine/sched engine/zap oracles fuzz/compare fuzz/language fuzz/prove fuzz/replay fuzz/triage test)
note_room(bench engine/run engine/zap fuzz/language test)
note_room(test engine engine/program engine/events engine/sched engine/run engine/kernel engine/zap oracles fuzz/explain fuzz/io fuzz/language fuzz/triage)

if(SHOOTDOWN_TOOL OR SHOOTDOWN_TESTS)
  add_room(fuzz/triage
    SEES engine engine/program engine/sched engine/run engine/zap oracles fuzz/io fuzz/language fuzz/trace fuzz/replay
         fuzz/prove)
  target_link_libraries(room_fuzz_triage PRIVATE ${LIBZIP} nlohmann_json::nlohmann_json)
  target_include_directories(room_fuzz_triage SYSTEM PRIVATE ${LIBZIP_INCLUDE})
  add_room(fuzz/prove
    SEES engine engine/program engine/events engine/kernel engine/sched engine/run oracles fuzz/io fuzz/language
         fuzz/replay)
  target_link_libraries(room_fuzz_prove PRIVATE nlohmann_json::nlohmann_json)
  target_include_directories(room_fuzz_prove SYSTEM PRIVATE ${XXHASH_INCLUDE})
  target_link_libraries(room_fuzz_prove PUBLIC Threads::Threads)
endif()
if(SHOOTDOWN_TOOL)
  add_room(fuzz/scoreboard
    SEES engine engine/program engine/events engine/sched engine/zap oracles fuzz/io fuzz/language fuzz/trace fuzz/replay
         fuzz/triage)
  target_link_libraries(room_fuzz_scoreboard PRIVATE nlohmann_json::nlohmann_json)
  add_room(fuzz/reproduce SEES engine engine/program fuzz/language)
  # What of the C program is the same for all, as a string.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS fuzz/reproduce/runtime.c)
  file(READ fuzz/reproduce/runtime.c runtime_c)
  file(CONFIGURE OUTPUT generated/fuzz/reproduce/runtime_text.h @ONLY CONTENT
    "#pragma once\n\nnamespace shootdown {\ninline constexpr char runtime_text[] = R\"c(${runtime_c})c\";\n}\n")
  add_room(fuzz/explain
    SEES engine/program engine/events engine/reference oracles fuzz/io fuzz/language fuzz/trace fuzz/replay)
  target_link_libraries(room_fuzz_explain PRIVATE nlohmann_json::nlohmann_json)
  add_room(fuzz/check
    SEES engine engine/program engine/sched engine/run engine/kernel engine/zap oracles fuzz/io fuzz/language fuzz/replay
         fuzz/compare fuzz/explain fuzz/prove fuzz/triage fuzz/scoreboard)
  target_link_libraries(room_fuzz_check PRIVATE nlohmann_json::nlohmann_json)
  add_room(fuzz/tool
    SEES engine engine/events engine/kernel engine/sched engine/zap oracles fuzz/io fuzz/language fuzz/trace fuzz/replay
         fuzz/explain fuzz/prove fuzz/reproduce fuzz/triage fuzz/scoreboard fuzz/check
    EXCEPT main.cpp)
  target_link_libraries(room_fuzz_tool PRIVATE CLI11::CLI11 nlohmann_json::nlohmann_json)
endif()

# What is said once needs no optimiser, and would keep it busy for a fifth of the build.
foreach(room tool triage reproduce explain check)  # not the scoreboard: it makes runs
  if(TARGET room_fuzz_${room})
    target_compile_options(room_fuzz_${room} PRIVATE -O0)
  endif()
endforeach()

# For a build that takes them.
get_property(rooms DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)
export(TARGETS ${rooms} FILE ${CMAKE_BINARY_DIR}/exported_rooms.cmake)
add_custom_target(rooms)
add_dependencies(rooms ${rooms})
