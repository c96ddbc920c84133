/* Read tokens: a decoder-only transformer over int8 matrices, one call for any number of tokens.
 *
 * The tokens may belong to several sequences. Each result is computed from its own token and those
 * before it in its sequence, in one order, whatever else is in the call: reading a text at once, in
 * parts, beside others or on more threads gives the same bits.
 *
 * Letters: S tokens of a chunk, D d_model, F hidden width, V vocabulary, N query heads, G key/value
 * heads, H width of a head, E experts, K experts per token, P positions.
 */
#include "kernel.h"
#include "pool.h"
#include "arithmetic.h"
#include "network.h"
#include "attention.h"
#include "mixture.h"

/* ---- Into the network, and into a layer ------------------------------------------------------ */

/* Row `id` of the embedding: its bytes stand in groups, 16 rows apart. */
static void embed(const matrix *m, int64_t id, float *x) {
    const int n_blocks = (int)m->n_columns / BLOCK, row = id % ROWS;
    const uint8_t *panel = m->panels + id / ROWS * panel_bytes(m);
    const scale *scales = (const scale *)panel;
    const uint8_t *values = panel + values_at(n_blocks);
    for (int c = 0; c < m->n_columns; c++) {
        const uint8_t byte = values[(c / GROUP * ROWS + row) * GROUP + c % GROUP];
        const int value = OFFSET ? byte - OFFSET : (int8_t)byte;
        x[c] = (float)value * float_of_half(scales[c / BLOCK * ROWS + row]);
    }
}

static void embed_tokens(void *context, int first, int last, int thread) {
    (void)thread;
    decoder *d = context;
    for (int s = first; s < last; s++)
        embed(&d->net.embedding, d->tokens[s].id, d->x + s * d->net.d_model);
}

static void normalise_tokens(void *context, int first, int last, int thread) {
    (void)thread;
    for (int s = first; s < last; s++) normalise_token(context, s);
}

/* ---- Out of the network ---------------------------------------------------------------------- */

static void write_logits(decoder *d, int panel, int i, const float *sums) {
    const int first = panel * ROWS, n_vocab = (int)d->net.n_vocab;
    const int n = smaller(n_vocab - first, ROWS);
    for (int r = 0; r < n; r++)
        if (!is_finite(sums[r])) atomic_store(&d->is_broken, true);
    memcpy(d->tokens[d->speaking[i]].logits + first, sums, n * sizeof *sums);
}

static void project_logits(void *context, int first, int last, int thread) {
    (void)thread;
    decoder *d = context;
    vector sums[CHUNK];
    for (int panel = first; panel < last; panel++) {
        multiply_panel(&d->net.output, panel, d->narrow, d->speaking, d->n_speaking, sums);
        for (int i = 0; i < d->n_speaking; i++) write_logits(d, panel, i, (float *)&sums[i]);
    }
}

/* ---- The pass -------------------------------------------------------------------------------- */

static void run_layer(decoder *d, int number) {
    const network *net = &d->net;
    const int n_kv_heads = (int)net->n_kv_heads, n_panels = (int)net->d_model / ROWS;
    d->number = number;
    d->layer = net->layers + number;
    d->norm = d->layer->attention_norm;
    share(&d->pool, normalise_tokens, d, d->n_tokens);
    share(&d->pool, project_heads, d, (int)net->n_heads + 2 * n_kv_heads);
    share(&d->pool, attend_tokens, d, d->n_tokens * n_kv_heads / groups_of_blocks(net));
    share(&d->pool, project_out, d, n_panels);
    d->norm = d->layer->feed_forward_norm;
    share(&d->pool, route_tokens, d, d->n_tokens);
    plan_parts(d);
    share(&d->pool, expand_blocks, d, count_blocks(d));
    share(&d->pool, contract_panels, d, n_panels);
}

static void run_chunk(decoder *d, const token *tokens, int n_tokens) {
    d->tokens = tokens;
    d->n_tokens = n_tokens;
    d->n_speaking = 0;
    for (int s = 0; s < n_tokens; s++)
        if (tokens[s].logits) d->speaking[d->n_speaking++] = s;
    share(&d->pool, embed_tokens, d, n_tokens);
    for (int i = 0; i < d->net.n_layers; i++) run_layer(d, i);
    if (!d->n_speaking) return;
    d->norm = d->net.norm;
    share(&d->pool, normalise_tokens, d, n_tokens);
    share(&d->pool, project_logits, d, (int)d->net.output.n_rows / ROWS);
}

/* ---- What Python calls ----------------------------------------------------------------------- */

enum { DONE, NOT_FINITE, BUSY };

/* Read tokens in order; those of one sequence in ascending positions. */
int alm_read(decoder *d, const token *tokens, int64_t n_tokens) {
    if (atomic_exchange(&d->is_busy, true)) return BUSY;
    atomic_store(&d->is_broken, false);
    for (int64_t done = 0; done < n_tokens; done += CHUNK)
        run_chunk(d, tokens + done, smaller((int)(n_tokens - done), CHUNK));
    const bool is_broken = atomic_load(&d->is_broken);
    atomic_store(&d->is_busy, false);
    return is_broken ? NOT_FINITE : DONE;
}

/* Say how this library wants panels, and how large it thinks that its structures are. */
void alm_describe(int64_t *group, int64_t *offset, int64_t *sizes, const char **kernel) {
    *group = GROUP;
    *offset = OFFSET;
    sizes[0] = sizeof(layer);
    sizes[1] = sizeof(network);
    sizes[2] = sizeof(token);
    *kernel = KERNEL;
}

/* Give each buffer its place in `memory`; return how many bytes that takes. */
static size_t place_buffers(decoder *d, uint8_t *memory) {
    const network *net = &d->net;
    const size_t chosen = CHUNK * (size_t)net->n_experts_per_token;
    const size_t heads = (size_t)(net->n_heads * net->d_head);
    const size_t scores = (size_t)(net->n_heads / net->n_kv_heads) * d->pool.n_threads;
    size_t used = 0;
#define PLACE(field, n)                               \
    d->field = (void *)((uintptr_t)memory + used);    \
    used += ((n) * sizeof *d->field + 63) / 64 * 64
    PLACE(x, CHUNK * net->d_model);
    PLACE(normal, CHUNK * net->d_model);
    PLACE(narrow, CHUNK * net->d_model / BLOCK);
    PLACE(queries, CHUNK * heads);
    PLACE(attended, CHUNK * heads / BLOCK);
    PLACE(hidden, CHUNK * net->widest / BLOCK);
    PLACE(scores, scores * round_up((int)net->n_positions, ROWS));
    PLACE(ranks, CHUNK * net->n_experts);
    PLACE(chosen, chosen);
    PLACE(shares, chosen);
    PLACE(members, chosen);
    PLACE(weights, chosen);
    PLACE(parts, net->n_experts + 1);
#undef PLACE
    return used;
}

void alm_close(decoder *d) {
    close_pool(&d->pool);
    free(d->memory);
    free(d);
}

/* Make a decoder; what `net` points to must outlive it. NULL: there is no memory. */
decoder *alm_open(const network *net, int64_t n_threads) {
    decoder *d = calloc(1, sizeof *d);
    if (!d) return NULL;
    d->net = *net;
    open_pool(&d->pool, (int)n_threads);
    for (int s = 0; s < CHUNK; s++) d->everyone[s] = s;
    d->memory = aligned_alloc(64, place_buffers(d, NULL));
    if (!d->memory) {
        alm_close(d);
        return NULL;
    }
    place_buffers(d, d->memory);
    return d;
}
