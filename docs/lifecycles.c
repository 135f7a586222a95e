// SPDX-License-Identifier: Apache-2.0
// Draws the lives of messages, and what becomes of them besides, as SVG from the tables that the hub moves them by: a
// column for each state, a row for each move, an arrow from where it begins to where it leads. Run by the build; writes
// to standard output.
#include "proto/model/life.h"
#include "proto/model/passage.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#define COLUMN 150 // pixels
#define ROW    26
#define TOP    60
#define GAP    50  // between two lives
#define LETTER 8.4 // a capital of 12 px, as wide as such letters get
#define STATES 32
#define MOVES  64
#define LABEL  256

static unsigned left; // where the columns begin: the longest label ends before it

struct move {
    const char *class;
    char label[LABEL];
    uint8_t from, to;
    bool crossed;
};
struct life {
    const char *name;
    const char *(*state_name)(uint8_t state);
    unsigned n_states, n_moves;
    uint8_t states[STATES]; // in the order in which moves reach them
    bool ends[STATES];
    struct move moves[MOVES];
};

static unsigned column_of(const struct life *life, uint8_t state)
{
    unsigned i = 0;
    while (i < life->n_states && life->states[i] != state)
        i++;
    return i;
}

static void state_add(struct life *life, uint8_t state)
{
    if (column_of(life, state) == life->n_states)
        life->states[life->n_states++] = state;
}

static struct move *move_add(struct life *life, const char *class, uint8_t from, uint8_t to)
{
    state_add(life, from);
    state_add(life, to);
    struct move *move = &life->moves[life->n_moves++];
    *move = (struct move){.class = class, .from = from, .to = to};
    return move;
}

// --- Lives by the messages that move them
// "PROGRESS: AWAITING_AUTHORISATION, CLARIFICATION_ASKED"
static void label_of(const struct life_row *row, char ret_label[LABEL])
{
    const ProtobufCEnumDescriptor *codes = &amana__v1__outcome__code__descriptor;
    const char *before = ": ";
    (void)strlcpy(ret_label, kind_name(row->kind), LABEL);
    for (unsigned i = 0; i < codes->n_values; i++)
        if ((row->outcomes & OUTCOME_BIT((unsigned)codes->values[i].value)) != 0) {
            (void)strlcat(ret_label, before, LABEL);
            (void)strlcat(ret_label, codes->values[i].name, LABEL);
            before = ", ";
        }
    if (row->next == LIFE_ROW_CROSSED)
        (void)strlcat(ret_label, " (crossed: taken, moves nothing)", LABEL);
}

// What time alone does comes behind what messages do.
static void life_of(unsigned root, struct life *ret_life)
{
    size_t n;
    const struct life_row *rows = life_rows(&n);
    *ret_life = (struct life){.name = kind_name(root), .state_name = life_state_name};
    if (life_first(root) != LIFE(UNSPECIFIED))
        state_add(ret_life, life_first(root));
    for (size_t i = 0; i < n; i++) {
        if (rows[i].root != root)
            continue;
        bool crossed = rows[i].next == LIFE_ROW_CROSSED;
        struct move *move = move_add(ret_life, "move", rows[i].state, crossed ? rows[i].state : rows[i].next);
        move->crossed = crossed;
        label_of(&rows[i], move->label);
    }
    for (unsigned i = 0; i < ret_life->n_states; i++) {
        uint8_t state = ret_life->states[i], next = life_state_at(root, state, 1, 1);
        ret_life->ends[i] = life_waits(root, state) == LIFE_WAIT_NONE && life_open(root, state) == 0;
        if (next != state)
            (void)strlcpy(move_add(ret_life, "move time", state, next)->label, "valid_until passes", LABEL);
    }
}

// --- The second person, and the way to a recipient
static const char *code_name(const ProtobufCEnumDescriptor *codes, uint8_t state)
{
    return protobuf_c_enum_descriptor_get_value(codes, state)->name;
}

static const char *release_name(uint8_t state)
{
    return code_name(&amana__v1__release_state__code__descriptor, state);
}

static const char *delivery_name(uint8_t state)
{
    return code_name(&amana__v1__delivery_state__code__descriptor, state);
}

static void passage_of(const char *name, const char *(*state_name)(uint8_t state), const struct passage_row *rows,
                       size_t n, struct life *ret_life)
{
    *ret_life = (struct life){.name = name, .state_name = state_name};
    for (size_t i = 0; i < n; i++) {
        bool time = rows[i].move == PASSAGE_LAPSE || rows[i].move == PASSAGE_EXPIRE;
        struct move *move = move_add(ret_life, time ? "move time" : "move", rows[i].state, rows[i].next);
        (void)strlcpy(move->label, passage_words(rows[i].move), LABEL);
        if (rows[i].deferred)
            (void)strlcat(move->label, " (DEFERRED)", LABEL);
    }
    for (unsigned i = 0; i < ret_life->n_states; i++) {
        ret_life->ends[i] = true;
        for (unsigned j = 0; j < ret_life->n_moves; j++)
            ret_life->ends[i] &= ret_life->moves[j].from != ret_life->states[i];
    }
}

// --- Drawing
static int middle(unsigned column)
{
    return (int)(left + column * COLUMN + COLUMN / 2);
}

static void draw_move(const struct life *life, const struct move *move, int y)
{
    int from = middle(column_of(life, move->from)), to = middle(column_of(life, move->to));
    printf("<text class=\"%s\" x=\"%u\" y=\"%d\">%s</text>", move->class, left - 10, y + 4, move->label);
    printf("<circle cx=\"%d\" cy=\"%d\" r=\"4\"/>", from, y);
    if (from == to)
        printf("<path class=\"%s\" d=\"M%d %d h24 a6 6 0 0 1 0 12 h-14\"/>\n", move->crossed ? "crossed" : "arrow",
               from + 4, y - 6);
    else
        printf("<path class=\"arrow\" d=\"M%d %d H%d\"/>\n", from, y, to + (to > from ? -2 : 2));
}

static int height_of(const struct life *life)
{
    return TOP + (int)(life->n_moves + 1) * ROW;
}

static void draw(const struct life *life, int top)
{
    printf("<g><title>%s</title><text class=\"root\" x=\"10\" y=\"%d\">%s</text>\n", life->name, top + 30, life->name);
    for (unsigned i = 0; i < life->n_states; i++) {
        int x = middle(i);
        printf("<path class=\"line\" d=\"M%d %d V%d\"/>", x, top + TOP - 16, top + height_of(life) - ROW / 2);
        printf("<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"28\" rx=\"4\"/>",
               life->ends[i] ? "end" : "state", x - COLUMN / 2 + 6, top + 12, COLUMN - 12);
        printf("<text class=\"name\" x=\"%d\" y=\"%d\">%s</text>\n", x, top + 31, life->state_name(life->states[i]));
    }
    for (unsigned i = 0; i < life->n_moves; i++)
        draw_move(life, &life->moves[i], top + TOP + (int)i * ROW);
    printf("</g>\n");
}

static const char STYLE[] =
    "<style>text{font:12px sans-serif;fill:#111}.root{font-weight:bold;font-size:16px}.name{text-anchor:middle;"
    "font-weight:bold}.move{text-anchor:end}rect{fill:#e8f0fe;stroke:#345}.end{fill:#ddd}circle{fill:#345}"
    ".time{font-style:italic}.line{stroke:#999;stroke-dasharray:2 "
    "4;fill:none}.arrow,.crossed{stroke:#345;stroke-width:1.6;fill:none;"
    "marker-end:url(#head)}.crossed{stroke-dasharray:4 3}</style>\n";

int main(void)
{
    static struct life lives[KIND_COUNT + 2];
    unsigned n = 0, widest = 0;
    size_t longest = 0, n_release, n_delivery;
    int height = 20, top = 10;
    for (unsigned root = 1; root < KIND_COUNT; root++) {
        life_of(root, &lives[n]);
        n += lives[n].n_states > 0;
    }
    const struct passage_row *release = release_rows(&n_release), *delivery = delivery_rows(&n_delivery);
    passage_of("Release", release_name, release, n_release, &lives[n++]);
    passage_of("Delivery", delivery_name, delivery, n_delivery, &lives[n++]);
    for (unsigned i = 0; i < n; i++) {
        widest = lives[i].n_states > widest ? lives[i].n_states : widest;
        height += height_of(&lives[i]) + GAP;
        for (unsigned j = 0; j < lives[i].n_moves; j++)
            longest = strlen(lives[i].moves[j].label) > longest ? strlen(lives[i].moves[j].label) : longest;
    }
    left = (unsigned)((double)longest * LETTER) + 20;
    printf(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">\n"
        "<title>Lives of messages in Amana</title>\n%s"
        "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
        "orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" fill=\"#345\"/></marker></defs>\n",
        (int)(left + widest * COLUMN) + 10, height, STYLE);
    printf("<rect x=\"0\" y=\"0\" width=\"100%%\" height=\"100%%\" style=\"fill:#fff;stroke:none\"/>\n");
    for (unsigned i = 0; i < n; i++) {
        draw(&lives[i], top);
        top += height_of(&lives[i]) + GAP;
    }
    printf("</svg>\n");
    return ferror(stdout) != 0 || fflush(stdout) != 0;
}
