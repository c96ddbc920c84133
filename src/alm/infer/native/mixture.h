/* Feed-forwards: a dense one is a mixture without experts, whose shared part everyone passes. */

/* ---- Routing --------------------------------------------------------------------------------- */

/* Turn logits into scores in (0, 1): each by itself, or all so that they sum to 1. */
static void score_experts(const network *net, float *scores) {
    const int n = (int)net->n_experts;
    if (!net->is_softmax) {
        for (int e = 0; e < n; e++) scores[e] = 1.0f / (1.0f + exponential(-scores[e]));
        return;
    }
    float largest = scores[0], sum = 0;
    for (int e = 1; e < n; e++) largest = scores[e] > largest ? scores[e] : largest;
    for (int e = 0; e < n; e++) sum += scores[e] = exponential(scores[e] - largest);
    for (int e = 0; e < n; e++) scores[e] /= sum;
}

/* Mark the K experts of the highest score + bias; of equals, the first. Whatever the scores are,
 * NaN too, K are marked. */
static void choose_experts(const float *scores, const float *bias, int n, int k, bool *chosen) {
    for (int e = 0; e < n; e++) chosen[e] = false;
    for (; k; k--) {
        int best = -1;
        float highest = 0;
        for (int e = 0; e < n; e++) {
            const float rank = scores[e] + (bias ? bias[e] : 0);
            if (chosen[e] || (best >= 0 && !(rank > highest))) continue;
            best = e;
            highest = rank;
        }
        chosen[best] = true;
    }
}

static void route_token(decoder *d, int s) {
    const network *net = &d->net;
    const int n = (int)net->n_experts, k = (int)net->n_experts_per_token;
    float *scores = d->ranks + s * n, *shares = d->shares + s * k, sum = 0;
    bool chosen[n];
    for (int e = 0; e < n; e++)
        scores[e] = dot(d->normal + s * net->d_model, d->layer->router + e * net->d_model,
                        (int)net->d_model);
    score_experts(net, scores);
    choose_experts(scores, d->layer->selection_bias, n, k, chosen);
    for (int e = 0, found = 0; e < n; e++)
        if (chosen[e]) {
            sum += shares[found] = scores[e];
            d->chosen[s * k + found++] = e;
        }
    if (k > 1)
        for (int i = 0; i < k; i++) shares[i] /= sum + 1e-20f;
}

static void route_tokens(void *context, int first, int last, int thread) {
    (void)thread;
    decoder *d = context;
    for (int s = first; s < last; s++) {
        normalise_token(d, s);
        if (d->layer->router) route_token(d, s);
    }
}

/* Add a part; its hidden rows come behind those of the parts before it. */
static void add_part(decoder *d, const feed_forward *matrices, const int *tokens,
                     const float *weights, int n_tokens) {
    block *hidden = d->hidden;
    if (d->n_parts) {
        const part *last = d->parts + d->n_parts - 1;
        hidden = last->hidden + last->n_tokens * (last->matrices->down.n_columns / BLOCK);
    }
    d->parts[d->n_parts++] = (part){matrices, tokens, weights, hidden, n_tokens};
}

/* List each expert's tokens, in order, and then all tokens for what is shared. */
static void plan_parts(decoder *d) {
    const int k = (int)d->net.n_experts_per_token, n_chosen = d->n_tokens * k;
    d->n_parts = 0;
    for (int e = 0, filled = 0; d->layer->router && e < d->net.n_experts; e++) {
        const int begin = filled;
        for (int i = 0; i < n_chosen; i++)
            if (d->chosen[i] == e) {
                d->members[filled] = i / k;
                d->weights[filled++] = d->shares[i];
            }
        if (filled > begin)
            add_part(d, d->layer->experts + e, d->members + begin, d->weights + begin,
                     filled - begin);
    }
    if (d->layer->shared.down.n_rows)
        add_part(d, &d->layer->shared, d->everyone, NULL, d->n_tokens);
}

/* ---- Feed-forward ---------------------------------------------------------------------------- */

/* Compute block `b` of a part's hidden layer: 32 rows of gate and up, for all its tokens. */
static void expand_block(decoder *d, const part *p, int b) {
    const feed_forward *m = p->matrices;
    const int n_blocks = (int)m->down.n_columns / BLOCK;
    for (int done = 0; done < p->n_tokens; done += AT_ONCE) {
        const int some = smaller(p->n_tokens - done, AT_ONCE);
        vector gate[2][AT_ONCE], up[2][AT_ONCE];
        for (int half = 0; half < 2; half++) {
            multiply_panel(&m->gate, 2 * b + half, d->narrow, p->tokens + done, some, gate[half]);
            multiply_panel(&m->up, 2 * b + half, d->narrow, p->tokens + done, some, up[half]);
        }
        for (int i = 0; i < some; i++) {
            float hidden[BLOCK];
            for (int half = 0; half < 2; half++)
                gate_up((float *)&gate[half][i], (float *)&up[half][i], hidden + half * ROWS);
            quantize_block(hidden, p->hidden + (size_t)(done + i) * n_blocks + b);
        }
    }
}

static void expand_blocks(void *context, int first, int last, int thread) {
    (void)thread;
    decoder *d = context;
    int begin = 0;
    for (int i = 0; i < d->n_parts; i++) {
        const int n = (int)d->parts[i].matrices->down.n_columns / BLOCK;
        for (int b = first > begin ? first - begin : 0; b < n && begin + b < last; b++)
            expand_block(d, d->parts + i, b);
        begin += n;
    }
}

static int count_blocks(const decoder *d) {
    int n = 0;
    for (int i = 0; i < d->n_parts; i++) n += (int)d->parts[i].matrices->down.n_columns / BLOCK;
    return n;
}

/* Add to 16 components of x what all parts make of each token, experts in order. */
static void contract_panel(decoder *d, int panel) {
    vector totals[CHUNK], sums[CHUNK];
    memset(totals, 0, d->n_tokens * sizeof *totals);
    for (int i = 0; i < d->n_parts; i++) {
        const part *p = d->parts + i;
        multiply_panel(&p->matrices->down, panel, p->hidden, NULL, p->n_tokens, sums);
        for (int t = 0; t < p->n_tokens; t++)
            totals[p->tokens[t]] += (p->weights ? p->weights[t] : 1.0f) * sums[t];
    }
    for (int s = 0; s < d->n_tokens; s++)
        *(vector *)(d->x + s * d->net.d_model + panel * ROWS) += totals[s];
}

static void contract_panels(void *context, int first, int last, int thread) {
    (void)thread;
    for (int panel = first; panel < last; panel++) contract_panel(context, panel);
}
