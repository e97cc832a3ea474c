/* Writes JSON strings from the text of drivers and files, which may not be valid UTF-8. */
#include "json.h"

#include <stdbool.h>

/* Returns the length of the UTF-8 character at `s`, or 0 when there is none. */
static int utf8_length(const unsigned char *s)
{
    int length = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
    for (int i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    bool surrogate = s[0] == 0xed && length == 3 && s[1] >= 0xa0;
    bool overlong =
        (s[0] == 0xe0 && length == 3 && s[1] < 0xa0) || (s[0] == 0xf0 && length == 4 && s[1] < 0x90);
    bool beyond = s[0] == 0xf4 && length == 4 && s[1] >= 0x90;
    return surrogate || overlong || beyond ? 0 : length;
}

void json_string(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (const unsigned char *s = (const unsigned char *)text; *s != '\0';) {
        int length = utf8_length(s);
        if (length == 0)
            fputs("\\ufffd", stream);
        else if (*s < 0x20)
            fprintf(stream, "\\u%04x", *s);
        else
            fprintf(stream, "%s%.*s", *s == '"' || *s == '\\' ? "\\" : "", length, (const char *)s);
        s += length > 0 ? length : 1;
    }
    fputc('"', stream);
}
