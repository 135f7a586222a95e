// SPDX-License-Identifier: Apache-2.0
// Rules of domain.md that envelope and flags decide, for hub and client alike: one sentence for both. Pure; any thread.
#pragma once

#include "proto/model/header_check.h"
#include "proto/model/policy.h"

// Rule 3. `protection_unit`: that of the sender's country, NULL or "" where it has named none.
enum rule_child {
    RULE_CHILD_HOLDS,
    RULE_CHILD_ALARM,  // U1 or U2 from a country without a protection unit: it goes, with an ALARM
    RULE_CHILD_BROKEN, // CHILD_NEEDS_PROTECTION_UNIT
};
// A child is concerned where the flags say so, and where the envelope's own reason to hurry does; of the kinds that the
// rule speaks of.
bool rule_concerns_child(const Amana__V1__Header *header, const Amana__V1__Flags *flags);
bool rule_protected(const Amana__V1__Header *header, const char *protection_unit); // it is the sender, or addressed

// *detail says of RULE_CHILD_BROKEN whom to add, or why nobody can be.
enum rule_child rule_child(const Amana__V1__Header *header, const Amana__V1__Flags *flags, const char *protection_unit,
                           struct am_detail *detail);

// Whether it asks for a return: RETURN_AND_REINTEGRATION, in what begins something, in an UPDATE, which asks anew, and
// in an answer that goes `beyond`: somebody gets it who neither has what it answers nor protects. What goes back has
// its root's purpose, and may be the first to say that the person fears return. An ERASURE or HOLD says nothing of
// anybody.
bool rule_returns(const Amana__V1__Header *header, bool beyond);

// Such a message needs consent (CONSENT_REQUIRED), and is never for somebody who has asked for protection or may need
// to (PURPOSE_MISMATCH).
enum reason rule_return(const Amana__V1__Header *header, const Amana__V1__Flags *flags, bool beyond,
                        struct am_detail *detail);

// A REFERRAL needs consent: GIVEN, GUARDIAN, BEST_INTEREST; or VITAL_INTEREST at U1 or U2 with review_at within 72
// hours of written_at. CONSENT_REQUIRED.
enum reason rule_consent(const Amana__V1__Header *header, struct am_detail *detail);

// Rule 5, four eyes: a message that needs a second person says so in its `release` (rule_released; NULL: false).
// `of_released`: whether what it is about did (rule_of_released; NULL: false), the message answered; of an alert that
// it renews or ends the newest version too, of an ERASURE or HOLD each that it names. An UPDATE replaces what two have
// signed of a person: it needs a second person where either is on one, whatever it calls its subject. `policy` (NULL:
// none) may ask for more. An identified person needs one in an ALERT and an UPDATE alone: what answers them, a REQUEST
// or a NOTE may name whom it is about (a reader refuses a name in an ALERT whose subject_kind hides it, proto/body).
// RELEASE_REQUIRED.
bool rule_released(const Amana__V1__Header *header);
bool rule_of_released(unsigned kind, const Amana__V1__Header *about);
bool rule_release_needed(const Amana__V1__Header *header, bool of_released, const struct policy *policy);
enum reason rule_release(const Amana__V1__Header *header, bool of_released, const struct policy *policy,
                         struct am_detail *detail);

// Rule 11: whether it is marked H2, not to be passed on without its sender's permission.
bool rule_h2(const Amana__V1__Header *header);

// PROTECTION goes only to protection units: recipients[i] is one or not. Answers go back whatever the purpose: the
// caller asks only of those that the message answered did not name.
enum reason rule_purpose(const Amana__V1__Header *header, size_t i, bool is_protection, struct am_detail *detail);

// Nothing above its ceiling goes to or from a unit. CLASSIFICATION_ABOVE_CEILING.
enum reason rule_ceiling(const Amana__V1__Header *header, const struct policy *policy, const char *unit,
                         struct am_detail *detail);

// A message that answers nothing and references another keeps that one's purpose, unless policy (NULL: none) lets it
// change. PURPOSE_MISMATCH.
enum reason rule_purpose_change(const Amana__V1__Header *header, const Amana__V1__Header *referenced,
                                const struct policy *policy, struct am_detail *detail);

// What an answer takes over from its root: status, case_ref, purpose, legal_basis, agreement_ref, retain_until, and a
// classification not below. FIELD_INVALID or PURPOSE_MISMATCH.
enum reason rule_answer_carries(const Amana__V1__Header *answer, const Amana__V1__Header *root,
                                struct am_detail *detail);

// What a HOLD keeps past its root's retain_until is still held longer, erased, mended, contested and confirmed: such an
// answer may be kept longer than its root, and how long is by the HOLD, which the hub knows.
bool rule_of_held(unsigned kind);
bool rule_kept_longer(const Amana__V1__Header *answer, const Amana__V1__Header *root);
