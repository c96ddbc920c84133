/* A network's shape and weights, the tokens that it reads, and the room to work in. */
#define CHUNK 64 /* tokens at most that go through the network together */

/* ---- What Python hands over (layout.py mirrors it) ------------------------------------------- */

typedef struct {
    const uint8_t *panels; /* see kernel.h */
    int64_t n_rows;        /* a multiple of 16; those beyond the matrix are zeros */
    int64_t n_columns;
} matrix;

typedef struct {
    matrix gate, up, down;
} feed_forward;

typedef struct {
    const float *attention_norm, *q_norm, *k_norm, *feed_forward_norm;
    matrix qkv; /* N + 2G heads, each filled up to a multiple of 16 rows */
    matrix o;
    feed_forward shared;  /* for every token: a dense layer's own, or the shared expert's */
    const feed_forward *experts; /* E of them */
    const float *router;         /* (E, D); NULL in a dense layer */
    const float *selection_bias; /* (E,), or NULL */
} layer;

typedef struct {
    int64_t d_model, n_layers, n_heads, n_kv_heads, d_head, n_vocab, n_positions;
    int64_t n_experts, n_experts_per_token, is_softmax, widest;
    float eps;
    const float *cosine, *sine; /* (P, H / 2) */
    const float *norm;
    matrix embedding, output;
    const layer *layers;
} network;

/* A token to read. Its cache has, for each layer and key/value head, keys in tiles of 16 positions,
 * (tiles, H, 16), and values in rows, (positions, H filled up to a multiple of 16). */
typedef struct {
    float *keys, *values;
    int64_t room; /* positions in the cache, a multiple of 16 */
    int64_t id, position;
    float *logits; /* (V,) to fill, or NULL */
} token;

/* ---- The decoder ----------------------------------------------------------------------------- */

/* One feed-forward and the tokens that pass through it. */
typedef struct {
    const feed_forward *matrices;
    const int *tokens;
    const float *weights; /* NULL: all 1 */
    block *hidden;        /* a row of F / 32 blocks for each of its tokens */
    int n_tokens;
} part;

typedef struct {
    network net;
    pool pool;
    _Atomic bool is_busy;
    _Atomic bool is_broken; /* some logit was not finite */

    const token *tokens; /* of this chunk */
    int n_tokens;
    const layer *layer;
    int number; /* of the layer */
    const float *norm;

    uint8_t *memory; /* of all that follows */
    float *x;        /* (S, D) */
    float *normal;   /* (S, D) */
    block *narrow;   /* (S, D / 32): the normalised x */
    float *queries;  /* (S, N, H) */
    block *attended; /* (S, N * H / 32) */
    block *hidden;   /* of all parts */
    float *scores;   /* (threads, N / G, P filled up) */
    float *ranks;    /* (S, E) */
    int *chosen;     /* (S, K), ascending */
    float *shares;   /* (S, K) */
    int *members;    /* (S * K), tokens by expert */
    float *weights;  /* likewise */
    int everyone[CHUNK];
    int speaking[CHUNK]; /* tokens whose logits are wanted */
    part *parts;
    int n_parts, n_speaking;
} decoder;

static int smaller(int a, int b) { return a < b ? a : b; }

static int round_up(int n, int unit) { return (n + unit - 1) / unit * unit; }

static size_t panel_bytes(const matrix *m) {
    const int n_blocks = (int)m->n_columns / BLOCK;
    return values_at(n_blocks) + (size_t)n_blocks * BLOCK * ROWS;
}

/* ---- Products -------------------------------------------------------------------------------- */

/* The 16 rows of a panel times up to AT_ONCE vectors. Each case is a loop of its own, unrolled. */
static void multiply_some(const matrix *m, int panel, const block *const *x, int n, vector *sums) {
    const uint8_t *data = m->panels + panel * panel_bytes(m);
    const int n_blocks = (int)m->n_columns / BLOCK;
    switch (n) {
    case 1: multiply(data, n_blocks, x, 1, sums); break;
    case 2: multiply(data, n_blocks, x, 2, sums); break;
#if AT_ONCE > 2
    case 3: multiply(data, n_blocks, x, 3, sums); break;
    case 4: multiply(data, n_blocks, x, 4, sums); break;
#endif
#if AT_ONCE > 4
    case 5: multiply(data, n_blocks, x, 5, sums); break;
    case 6: multiply(data, n_blocks, x, 6, sums); break;
    case 7: multiply(data, n_blocks, x, 7, sums); break;
    case 8: multiply(data, n_blocks, x, 8, sums); break;
#endif
    }
}

/* The 16 rows of a panel times vectors, `width` blocks apart; which ones says `rows`, or all. */
static void multiply_panel(const matrix *m, int panel, const block *x, const int *rows, int n,
                           vector *sums) {
    const int width = (int)m->n_columns / BLOCK;
    for (int done = 0; done < n; done += AT_ONCE) {
        const int some = smaller(n - done, AT_ONCE);
        const block *pointers[AT_ONCE];
        for (int i = 0; i < some; i++)
            pointers[i] = x + (size_t)(rows ? rows[done + i] : done + i) * width;
        multiply_some(m, panel, pointers, some, sums + done);
    }
}

static void normalise_token(decoder *d, int s) {
    const int width = (int)d->net.d_model;
    float *normal = d->normal + s * width;
    normalise(d->x + s * width, d->norm, d->net.eps, width, normal);
    quantize(normal, width, d->narrow + s * (width / BLOCK));
}
