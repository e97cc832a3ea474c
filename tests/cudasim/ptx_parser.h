/* The state of reading one PTX text: the current token, the symbols in reach and the module so far. */
#ifndef CUDASIM_PTX_PARSER_H
#define CUDASIM_PTX_PARSER_H

#include "ptx.h"

#include <setjmp.h>

typedef struct token {
    char kind; /* 'w'ord (opcodes, directives, names), 'n'umber, 's'tring, else the character; 0 at the end */
    const char *at;
    u32 length, line;
} token;

typedef enum symbol_kind {
    SYMBOL_REGISTER,
    SYMBOL_MEMORY, /* a variable or parameter: space and address */
    SYMBOL_LABEL,
    SYMBOL_TARGETS,
    SYMBOL_FUNCTION
} symbol_kind;

typedef struct symbol {
    const char *name;
    u32 length, hash;
    int32_t next; /* in its bucket */
    u8 kind, bytes, space, moved;
    u32 slot; /* of a register; pc of a label; index of a list or a function */
    u64 address;
} symbol;

typedef struct argument {
    bool in_register;
    u8 bytes;
    u32 slot;
    u64 address; /* in the frame */
    size_t size;
} argument;

enum { MAX_ARGUMENTS = 32, SYMBOL_BUCKETS = 8192, MAX_SCOPES = 64, MAX_PARTS = 16 };

typedef struct function {
    argument formals[MAX_ARGUMENTS], results[MAX_ARGUMENTS];
    u32 formal_count, result_count, entry, level; /* level: 1 + that of the deepest function it calls */
    bool defined;
} function;

typedef struct fixup {
    u32 where; /* an instruction, or an entry of targets when in_targets */
    bool in_targets;
    token name;
} fixup;

typedef struct call_site {
    u32 instruction, function;
} call_site;

typedef struct scope {
    size_t symbols, fixups;
} scope;

typedef struct name_chunk {
    struct name_chunk *next;
    char text[65536];
} name_chunk;

typedef struct parser {
    ptx_module *module;
    const char *at, *end;
    u32 line;
    token now;
    symbol *symbols;
    size_t symbol_count, symbol_capacity;
    int32_t buckets[SYMBOL_BUCKETS], constant_buckets[SYMBOL_BUCKETS];
    int32_t *constant_next;
    size_t constant_next_capacity, constant_capacity, code_capacity, target_capacity, kernel_capacity;
    size_t global_capacity, data_capacity;
    fixup *fixups;
    size_t fixup_count, fixup_capacity;
    call_site *calls;
    size_t call_count, call_capacity;
    function *functions;
    size_t function_count, function_capacity;
    scope scopes[MAX_SCOPES];
    u32 depth;
    ptx_kernel *kernel;  /* whose body this is, NULL in a function */
    function *in;        /* or whose body this is                  */
    bool module_atomics; /* in functions */
    u32 granule;
    u32 guard;
    name_chunk *names;
    size_t names_left;
    const opcode **opcodes; /* by the hash of the name */
    char *message;
    size_t capacity;
    jmp_buf stop;
} parser;

/* ---- ptx_lex.c ---- */
_Noreturn void refuse(parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void advance(parser *p);
bool at_char(const parser *p, char kind);
bool accept_char(parser *p, char kind);
void expect_char(parser *p, char kind);
bool at_word(const parser *p, const char *word);
bool accept_word(parser *p, const char *word);
token take_word(parser *p);
s64 take_integer(parser *p);
u64 take_number(parser *p, u32 bytes); /* bits of an integer or floating constant, signed or not */
void skip_line(parser *p);
u32 hash_of(const char *text, size_t length);
void *grown(parser *p, void *items, size_t count, size_t *capacity, size_t bytes);

/* ---- ptx_symbol.c ---- */
symbol *define(parser *p, token name, symbol_kind kind);
symbol *find_symbol(parser *p, const char *name, size_t length);
void open_scope(parser *p);
void close_scope(parser *p);
u32 new_register(parser *p, u32 bytes);
u32 constant_slot(parser *p, u64 bits, u32 bytes, relocation moved);
value_type type_of(const char *text, size_t length); /* TYPE_NONE: no type's name */
u32 bytes_of(value_type type);
u32 register_bytes_of(value_type type);

/* ---- ptx_operand.c ---- */
typedef struct place { /* an address in brackets */
    u32 slot;
    u8 bytes; /* of the register */
    s64 displacement;
    bool known; /* a symbol: address has all of it */
    u8 space, moved;
    u64 address;
} place;
u32 take_destination(parser *p, u32 bytes, u8 *register_bytes);
u32 take_source(parser *p, u32 bytes, u8 *register_bytes);
u32 take_predicate(parser *p, bool *negated);
place take_place(parser *p);

/* ---- ptx_decode.c, ptx_decode_memory.c, ptx_decode_flow.c ---- */
typedef struct part {
    const char *at;
    u32 length;
} part;
typedef struct parts {
    part list[MAX_PARTS];
    u32 count;
    char name[128];
} parts;
bool part_is(const parts *o, u32 k, const char *text);
bool has_part(const parts *o, const char *text);
value_type last_type(parser *p, const parts *o);
instruction *emit(parser *p, execute_function run);
void decode_instruction(parser *p);
bool decode_memory(parser *p, const parts *o);
bool decode_flow(parser *p, const parts *o);
execute_function find_opcode(parser *p, const char *name, const char **shape);
void take_shape(parser *p, instruction *i, const char *shape);

/* ---- ptx_declare.c ---- */
void declare(parser *p, bool external);
void take_arguments(parser *p, argument *list, u32 *count, bool defined);
void take_kernel_parameters(parser *p);

/* ---- machine_integer.c ---- */
execute_function find_carry(instruction *i, const char *base, bool sets, bool high, u32 bytes);

#endif
