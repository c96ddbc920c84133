/* Attention: grouped queries, heads normalised and turned, softmax over all earlier positions. */
#define STRETCH 64 /* positions whose keys or values fit the nearest cache */

/* Where a layer's part of a cache begins for one key/value head. */
static size_t place(const decoder *d, const token *t, int head, int width) {
    return ((size_t)d->number * d->net.n_kv_heads + head) * t->room * width;
}

static void store_key(const decoder *d, const token *t, int head, const float *key) {
    const int width = (int)d->net.d_head;
    float *tile = t->keys + place(d, t, head, width) + t->position / ROWS * ROWS * width;
    for (int i = 0; i < width; i++) tile[i * ROWS + t->position % ROWS] = key[i];
}

static void store_value(const decoder *d, const token *t, int head, const float *value) {
    const int width = round_up((int)d->net.d_head, ROWS);
    float *row = t->values + place(d, t, head, width) + t->position * width;
    memcpy(row, value, width * sizeof *row);
}

/* Take one head of what the qkv matrix gave for a token to where it belongs. */
static void store_head(decoder *d, int s, int head, float *x) {
    const network *net = &d->net;
    const token *t = d->tokens + s;
    const int width = (int)net->d_head, n_pairs = width / 2;
    const int kv_head = head - (int)net->n_heads, n_kv = (int)net->n_kv_heads;
    if (kv_head >= n_kv) {
        store_value(d, t, kv_head - n_kv, x);
        return;
    }
    const bool is_query = kv_head < 0;
    normalise(x, is_query ? d->layer->q_norm : d->layer->k_norm, net->eps, width, x);
    rotate(x, net->cosine + t->position * n_pairs, net->sine + t->position * n_pairs, n_pairs);
    if (is_query)
        memcpy(d->queries + (s * net->n_heads + head) * width, x, width * sizeof *x);
    else
        store_key(d, t, kv_head, x);
}

static void project_heads(void *context, int first, int last, int thread) {
    (void)thread;
    decoder *d = context;
    const int n_panels = round_up((int)d->net.d_head, ROWS) / ROWS;
    vector sums[n_panels][AT_ONCE], head[n_panels];
    for (int h = first; h < last; h++)
        for (int done = 0; done < d->n_tokens; done += AT_ONCE) {
            const int some = smaller(d->n_tokens - done, AT_ONCE);
            const block *x = d->narrow + done * (d->net.d_model / BLOCK);
            for (int p = 0; p < n_panels; p++)
                multiply_panel(&d->layer->qkv, h * n_panels + p, x, NULL, some, sums[p]);
            for (int i = 0; i < some; i++) {
                for (int p = 0; p < n_panels; p++) head[p] = sums[p][i];
                store_head(d, done + i, h, (float *)head);
            }
        }
}

/* Scores of SUMS * LANES keys, or of one tile: each key's products are added one by one, from the
 * first component to the last. */
ALWAYS void score_keys(const float *query, const float *keys, int width, const int n_keys,
                       float *scores) {
    const int per_tile = ROWS / LANES;
    lanes sums[SUMS] = {{0}};
    for (int i = 0; i < width; i++)
        for (int l = 0; l < n_keys / LANES; l++) {
            const float *tile = keys + ((size_t)(l / per_tile) * width + i) * ROWS;
            sums[l] += query[i] * *(const lanes *)(tile + l % per_tile * LANES);
        }
    for (int l = 0; l < n_keys / LANES; l++) *(lanes *)(scores + l * LANES) = sums[l];
}

static void score_stretch(const float *query, const float *keys, int width, int n_positions,
                          float *scores) {
    int p = 0;
    for (; p + SUMS * LANES <= n_positions; p += SUMS * LANES)
        score_keys(query, keys + p * width, width, SUMS * LANES, scores + p);
    for (; p < n_positions; p += ROWS) score_keys(query, keys + p * width, width, ROWS, scores + p);
}

/* Make weights of the first `n` scores, and zeros of the last tile's rest; return their sum. */
static float soften(float *scores, int n, float scale_of) {
    float most[ROWS], sums[ROWS] = {0};
    for (int i = n; i % ROWS; i++) scores[i] = scores[0];
    memcpy(most, scores, sizeof most);
    for (int i = 0; i < n; i += ROWS)
        for (int l = 0; l < ROWS; l++) most[l] = scores[i + l] > most[l] ? scores[i + l] : most[l];
    for (int l = 1; l < ROWS; l++) most[0] = most[l] > most[0] ? most[l] : most[0];
    for (int i = 0; i < n; i += ROWS)
        for (int l = 0; l < ROWS; l++)
            scores[i + l] = exponential((scores[i + l] - most[0]) * scale_of);
    for (int i = n; i % ROWS; i++) scores[i] = 0;
    for (int i = 0; i < n; i += ROWS)
        for (int l = 0; l < ROWS; l++) sums[l] += scores[i + l];
    return add_lanes(sums);
}

/* Add to some components the values of some positions, weighted, one after the other. */
ALWAYS void add_columns(const float *weights, const float *values, int n_positions, int width,
                        const int n_columns, float *out) {
    lanes sums[SUMS];
    for (int l = 0; l < n_columns / LANES; l++) sums[l] = *(lanes *)(out + l * LANES);
    for (int p = 0; p < n_positions; p++)
        for (int l = 0; l < n_columns / LANES; l++)
            sums[l] += weights[p] * *(const lanes *)(values + (size_t)p * width + l * LANES);
    for (int l = 0; l < n_columns / LANES; l++) *(lanes *)(out + l * LANES) = sums[l];
}

static void add_values(const float *weights, const float *values, int n_positions, int width,
                       float *out) {
    int i = 0;
    for (; i + SUMS * LANES <= width; i += SUMS * LANES)
        add_columns(weights, values + i, n_positions, width, SUMS * LANES, out + i);
    for (; i < width; i += ROWS)
        add_columns(weights, values + i, n_positions, width, ROWS, out + i);
}

/* The query heads of one token that share a key/value head, (N / G, H): softmax-weighted values.
 * A stretch of keys or values is read by all of them while it is in the nearest cache. */
static void attend(const decoder *d, int s, int group, float *scores, float *out) {
    const network *net = &d->net;
    const token *t = d->tokens + s;
    const int n = (int)t->position + 1, room = round_up((int)net->n_positions, ROWS);
    const int width = (int)net->d_head, padded = round_up(width, ROWS);
    const int n_heads = (int)(net->n_heads / net->n_kv_heads);
    const float *queries = d->queries + (s * net->n_heads + group * n_heads) * width;
    const float *keys = t->keys + place(d, t, group, width);
    const float *values = t->values + place(d, t, group, padded);
    float sums[n_heads][padded], inverse[n_heads];
    memset(sums, 0, sizeof sums);
    for (int p = 0; p < n; p += STRETCH)
        for (int h = 0; h < n_heads; h++)
            score_stretch(queries + h * width, keys + (size_t)p * width, width,
                          smaller(n - p, STRETCH), scores + h * room + p);
    for (int h = 0; h < n_heads; h++)
        inverse[h] = 1.0f / soften(scores + h * room, n, 1.0f / sqrtf((float)width));
    for (int p = 0; p < n; p += STRETCH)
        for (int h = 0; h < n_heads; h++)
            add_values(scores + h * room + p, values + (size_t)p * padded, smaller(n - p, STRETCH),
                       padded, sums[h]);
    for (int h = 0; h < n_heads; h++)
        for (int i = 0; i < width; i++) out[h * width + i] = sums[h][i] * inverse[h];
}

/* How few key/value heads have queries of whole blocks together. */
static int groups_of_blocks(const network *net) {
    const int width = (int)(net->n_heads / net->n_kv_heads * net->d_head);
    int n = 1;
    while (n * width % BLOCK) n *= 2;
    return n;
}

static void attend_tokens(void *context, int first, int last, int thread) {
    decoder *d = context;
    const int n_together = groups_of_blocks(&d->net);
    const int n_units = (int)d->net.n_kv_heads / n_together;
    const int n_heads = (int)(d->net.n_heads / d->net.n_kv_heads);
    const int width = n_heads * (int)d->net.d_head;
    float *scores = d->scores + (size_t)thread * n_heads * round_up((int)d->net.n_positions, ROWS);
    float together[n_together * width];
    for (int unit = first; unit < last; unit++) {
        const int s = unit / n_units, group = unit % n_units * n_together;
        for (int i = 0; i < n_together; i++) attend(d, s, group + i, scores, together + i * width);
        quantize(together, n_together * width,
                 d->attended + (size_t)unit * (n_together * width / BLOCK));
    }
}

/* Add the attention's output to x, 16 components at a time. */
static void project_out(void *context, int first, int last, int thread) {
    (void)thread;
    decoder *d = context;
    vector sums[CHUNK];
    for (int panel = first; panel < last; panel++) {
        multiply_panel(&d->layer->o, panel, d->attended, NULL, d->n_tokens, sums);
        for (int s = 0; s < d->n_tokens; s++)
            *(vector *)(d->x + s * d->net.d_model + panel * ROWS) += sums[s];
    }
}
