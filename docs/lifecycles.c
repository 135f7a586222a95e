// SPDX-License-Identifier: Apache-2.0
// Draws the lives of messages as SVG from the table that the hub moves them by: a column for each state, a row for each
// move, an arrow from where it begins to where it leads. Run by the build; writes to standard output.
#include "proto/model/life.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#define COLUMN 150 // pixels
#define ROW    26
#define TOP    60
#define GAP    50  // between two lives
#define LETTER 8.4 // a capital of 12 px, as wide as such letters get
#define STATES 32
#define LABEL  256

static unsigned left; // where the columns begin: the longest label ends before it

struct life {
    unsigned root;
    unsigned n_states;
    uint8_t states[STATES]; // in the order in which moves reach them
};

static unsigned column_of(struct life *life, uint8_t state)
{
    for (unsigned i = 0; i < life->n_states; i++)
        if (life->states[i] == state)
            return i;
    life->states[life->n_states] = state;
    return life->n_states++;
}

static struct life life_of(unsigned root)
{
    struct life life = {.root = root};
    size_t n;
    const struct life_row *rows = life_rows(&n);
    if (life_first(root) != LIFE(UNSPECIFIED))
        (void)column_of(&life, life_first(root));
    for (size_t i = 0; i < n; i++)
        if (rows[i].root == root) {
            (void)column_of(&life, rows[i].state);
            if (rows[i].next != LIFE_ROW_CROSSED)
                (void)column_of(&life, rows[i].next);
        }
    return life;
}

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

static unsigned longest_label(void)
{
    size_t n, longest = 0;
    const struct life_row *rows = life_rows(&n);
    for (size_t i = 0; i < n; i++) {
        char label[LABEL];
        label_of(&rows[i], label);
        longest = strlen(label) > longest ? strlen(label) : longest;
    }
    return (unsigned)longest;
}

// Where time alone leads from a state; the state itself where it leads nowhere.
static uint8_t in_time(unsigned root, uint8_t state)
{
    return life_state_at(root, state, 1, 1);
}

static int middle(unsigned column)
{
    return (int)(left + column * COLUMN + COLUMN / 2);
}

static void draw_arrow(const char *class, const char *label, int from, int to, bool crossed, int y)
{
    printf("<text class=\"%s\" x=\"%u\" y=\"%d\">%s</text>", class, left - 10, y + 4, label);
    printf("<circle cx=\"%d\" cy=\"%d\" r=\"4\"/>", from, y);
    if (from == to)
        printf("<path class=\"%s\" d=\"M%d %d h24 a6 6 0 0 1 0 12 h-14\"/>\n", crossed ? "crossed" : "arrow", from + 4,
               y - 6);
    else
        printf("<path class=\"arrow\" d=\"M%d %d H%d\"/>\n", from, y, to + (to > from ? -2 : 2));
}

static void draw_move(struct life *life, const struct life_row *row, int y)
{
    int from = middle(column_of(life, row->state));
    bool crossed = row->next == LIFE_ROW_CROSSED;
    char label[LABEL];
    label_of(row, label);
    draw_arrow("move", label, from, crossed ? from : middle(column_of(life, row->next)), crossed, y);
}

// How many states of a life end by time alone.
static unsigned timed(const struct life *life)
{
    unsigned n = 0;
    for (unsigned i = 0; i < life->n_states; i++)
        n += in_time(life->root, life->states[i]) != life->states[i];
    return n;
}

// Returns how high it became.
static int draw(struct life *life, int top)
{
    size_t n, drawn = 0;
    const struct life_row *rows = life_rows(&n);
    for (size_t i = 0; i < n; i++)
        drawn += rows[i].root == life->root;
    drawn += timed(life);
    int height = TOP + (int)(drawn + 1) * ROW;
    printf("<g><title>%s</title><text class=\"root\" x=\"10\" y=\"%d\">%s</text>\n", kind_name(life->root), top + 30,
           kind_name(life->root));
    for (unsigned i = 0; i < life->n_states; i++) {
        int x = middle(i);
        bool end =
            life_waits(life->root, life->states[i]) == LIFE_WAIT_NONE && life_open(life->root, life->states[i]) == 0;
        printf("<path class=\"line\" d=\"M%d %d V%d\"/>", x, top + TOP - 16, top + height - ROW / 2);
        printf("<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"28\" rx=\"4\"/>", end ? "end" : "state",
               x - COLUMN / 2 + 6, top + 12, COLUMN - 12);
        printf("<text class=\"name\" x=\"%d\" y=\"%d\">%s</text>\n", x, top + 31, life_state_name(life->states[i]));
    }
    int y = top + TOP;
    for (size_t i = 0; i < n; i++)
        if (rows[i].root == life->root) {
            draw_move(life, &rows[i], y);
            y += ROW;
        }
    for (unsigned i = 0; i < life->n_states; i++) {
        uint8_t next = in_time(life->root, life->states[i]);
        if (next == life->states[i])
            continue;
        draw_arrow("move time", "valid_until passes", middle(i), middle(column_of(life, next)), false, y);
        y += ROW;
    }
    printf("</g>\n");
    return height;
}

static const char STYLE[] =
    "<style>text{font:12px sans-serif;fill:#111}.root{font-weight:bold;font-size:16px}.name{text-anchor:middle;"
    "font-weight:bold}.move{text-anchor:end}rect{fill:#e8f0fe;stroke:#345}.end{fill:#ddd}circle{fill:#345}"
    ".time{font-style:italic}.line{stroke:#999;stroke-dasharray:2 "
    "4;fill:none}.arrow,.crossed{stroke:#345;stroke-width:1.6;fill:none;"
    "marker-end:url(#head)}.crossed{stroke-dasharray:4 3}</style>\n";

int main(void)
{
    struct life lives[KIND_COUNT];
    unsigned n = 0, widest = 0;
    int height = 20, top = 10;
    size_t rows_n;
    (void)life_rows(&rows_n);
    left = (unsigned)(longest_label() * LETTER) + 20;
    for (unsigned root = 1; root < KIND_COUNT; root++) {
        struct life life = life_of(root);
        if (life.n_states == 0)
            continue;
        widest = life.n_states > widest ? life.n_states : widest;
        height += TOP + ROW * (1 + (int)timed(&life)) + GAP;
        lives[n++] = life;
    }
    height += (int)rows_n * ROW;
    printf(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">\n"
        "<title>Lives of messages in Amana</title>\n%s"
        "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
        "orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" fill=\"#345\"/></marker></defs>\n",
        (int)(left + widest * COLUMN) + 10, height, STYLE);
    printf("<rect x=\"0\" y=\"0\" width=\"100%%\" height=\"100%%\" style=\"fill:#fff;stroke:none\"/>\n");
    for (unsigned i = 0; i < n; i++)
        top += draw(&lives[i], top) + GAP;
    printf("</svg>\n");
    return ferror(stdout) != 0 || fflush(stdout) != 0;
}
