# Compiler settings that every target of ours shares. No -ffast-math: NaN must stay visible.
add_library(mutuald_options INTERFACE)
target_compile_definitions(mutuald_options INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64)
target_compile_options(mutuald_options INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wdouble-promotion
  -Wno-missing-field-initializers # what an initialiser leaves out is zero, and meant to be
  -fno-common -fopenmp-simd
  $<$<C_COMPILER_ID:Clang>:-Wno-pass-failed> # a loop that sanitizers keep scalar is no defect
  $<$<BOOL:${MUTUALD_WERROR}>:-Werror>
  $<$<CONFIG:Release>:-O3>)
if(MUTUALD_SANITIZE)
  target_compile_options(mutuald_options INTERFACE -fsanitize=${MUTUALD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(mutuald_options INTERFACE -fsanitize=${MUTUALD_SANITIZE})
else()
  target_compile_options(mutuald_options INTERFACE -fstack-protector-strong)
  target_compile_definitions(mutuald_options INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
endif()
if(MUTUALD_FUZZ)
  target_compile_options(mutuald_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(MUTUALD_COVERAGE)
  target_compile_options(mutuald_options INTERFACE --coverage)
  target_link_options(mutuald_options INTERFACE --coverage)
endif()
