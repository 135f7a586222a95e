// SPDX-License-Identifier: Apache-2.0
// The examples in tests/data.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "tests/unit/example.h"

#include "proto/codec/timestamp.h"
#include "proto/model/kind_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void example_path(unsigned kind, char ret_path[64])
{
    snprintf(ret_path, 64, "tests/data/%s-moyale.json", kind_get(kind)->json);
    for (char *at = ret_path; *at != '\0'; at++)
        *at = *at == '_' ? '-' : *at;
}

char *example_text(unsigned kind)
{
    char path[64], *text = calloc(1, 65536);
    example_path(kind, path);
    FILE *in = fopen(path, "re");
    if (in == NULL)
        fail_msg("%s is not there", path);
    assert_true(fread(text, 1, 65535, in) > 0);
    assert_true(feof(in));
    fclose(in);
    return text;
}

// What a draft and a header both have stands in both by one name.
void example_of_draft(const Amana__V1__Draft *draft, struct example *ret_example)
{
    amana__v1__header__init(&ret_example->header);
    amana__v1__flags__init(&ret_example->flags);
    amana__v1__body__init(&ret_example->body);
    for (unsigned i = 0; i < amana__v1__draft__descriptor.n_fields; i++) {
        const ProtobufCFieldDescriptor *from = &amana__v1__draft__descriptor.fields[i];
        const ProtobufCFieldDescriptor *to =
            protobuf_c_message_descriptor_get_field_by_name(&amana__v1__header__descriptor, from->name);
        if (to == NULL || to->type != from->type || to->descriptor != from->descriptor)
            continue;
        bool list = from->label == PROTOBUF_C_LABEL_REPEATED;
        size_t size = list || from->type == PROTOBUF_C_TYPE_STRING || from->type == PROTOBUF_C_TYPE_MESSAGE ? 8 : 4;
        memcpy((char *)&ret_example->header + to->offset, (const char *)draft + from->offset, size);
        if (list)
            memcpy((char *)&ret_example->header + to->quantifier_offset, (const char *)draft + from->quantifier_offset,
                   sizeof(size_t));
    }
    timestamp_from_ns(EXAMPLE_NS, &ret_example->written_at);
    ret_example->header.written_at = &ret_example->written_at;
    amana__v1__unit_roster__init(&ret_example->sender);
    ret_example->sender.unit = (char *)"ke/dci/transnational";
    ret_example->header.sender = &ret_example->sender;
    if (draft->flags != NULL) {
        ret_example->flags.child = draft->flags->child;
        ret_example->flags.protection = draft->flags->protection;
        ret_example->flags.never_tell = draft->flags->never_tell;
        ret_example->flags.n_never_tell = draft->flags->n_never_tell;
    }
    ret_example->header.recipients = ret_example->list;
    for (size_t i = 0; i < draft->n_recipients && i < EXAMPLE_RECIPIENTS; i++) {
        amana__v1__recipient__init(&ret_example->recipients[i]);
        ret_example->recipients[i].unit = draft->recipients[i]->unit;
        ret_example->recipients[i].part = draft->recipients[i]->part;
        ret_example->list[ret_example->header.n_recipients++] = &ret_example->recipients[i];
    }
    unsigned kind = kind_body_which(&draft->base);
    if (kind != 0)
        (void)kind_body_set(kind, &ret_example->body.base, kind_body_get(&draft->base));
}
