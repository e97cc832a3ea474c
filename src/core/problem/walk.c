/* Orders and merges the dimensions of two strided views, and walks both. */
#include "core/problem/walk.h"

#include <string.h>

static void swap_dims(index_space *s, strided_view views[2], int i, int j)
{
    int64_t shape = s->shape[i];
    s->shape[i] = s->shape[j];
    s->shape[j] = shape;
    for (int k = 0; k < 2; k++) {
        int64_t step = views[k].step[i];
        views[k].step[i] = views[k].step[j];
        views[k].step[j] = step;
    }
}

void views_normalise(index_space *s, strided_view views[2])
{
    strided_view *to = &views[1];
    for (int i = 0; i < s->ndim; i++) {
        if (to->step[i] >= 0) continue;
        for (int k = 0; k < 2; k++) {
            views[k].origin += views[k].step[i] * (s->shape[i] - 1);
            views[k].step[i] = -views[k].step[i];
        }
    }
    for (int i = 1; i < s->ndim; i++) {
        for (int j = i; j > 0 && to->step[j - 1] < to->step[j]; j--) swap_dims(s, views, j - 1, j);
    }
    int last = 0; /* dimensions [0, last] are merged */
    for (int i = 1; i < s->ndim; i++) {
        int joins = 1;
        for (int k = 0; k < 2; k++) joins &= views[k].step[last] == views[k].step[i] * s->shape[i];
        if (joins) {
            s->shape[last] *= s->shape[i];
        } else {
            s->shape[++last] = s->shape[i];
        }
        for (int k = 0; k < 2; k++) views[k].step[last] = views[k].step[i];
    }
    if (s->ndim > 0) s->ndim = last + 1;
}

int64_t run_bytes(const index_space *s, const strided_view *d)
{
    int64_t run = s->itemsize;
    for (int i = s->ndim; i-- > 0 && d->step[i] == run;) run *= s->shape[i];
    return run;
}

int64_t shared_run(const index_space *s, const strided_view *from, const strided_view *to)
{
    int64_t a = run_bytes(s, from), b = run_bytes(s, to);
    return a < b ? a : b;
}

vecdot_status views_walk(const index_space *s, const strided_view *from, const strided_view *to, int64_t run,
                         visit_run visit, void *user)
{
    int64_t index[VECDOT_MAX_NDIM] = {0};
    int64_t a = from->origin, b = to->origin, inside = s->itemsize;
    int outer = s->ndim;
    while (outer > 0 && inside < run) inside *= s->shape[--outer];
    for (;;) {
        TRY(visit(user, a, b, run));
        int i = outer - 1;
        for (; i >= 0; i--) {
            if (++index[i] < s->shape[i]) break;
            index[i] = 0;
            a -= from->step[i] * (s->shape[i] - 1);
            b -= to->step[i] * (s->shape[i] - 1);
        }
        if (i < 0) return VECDOT_SUCCESS;
        a += from->step[i];
        b += to->step[i];
    }
}

typedef struct host_pair {
    const char *from;
    char *to;
} host_pair;

static vecdot_status visit_host(void *user, int64_t from, int64_t to, int64_t run)
{
    const host_pair *p = user;
    const char *a = p->from + from;
    char *b = p->to + to;
    switch (run) { /* a fixed size compiles to a move */
    case 1: *b = *a; break;
    case 2: memcpy(b, a, 2); break;
    case 4: memcpy(b, a, 4); break;
    case 8: memcpy(b, a, 8); break;
    case 16: memcpy(b, a, 16); break;
    default: memcpy(b, a, (size_t)run);
    }
    return VECDOT_SUCCESS;
}

void views_copy(const index_space *s, const strided_view *from, const strided_view *to)
{
    host_pair pair = {from->data, to->data};
    views_walk(s, from, to, shared_run(s, from, to), visit_host, &pair);
}
