// SPDX-License-Identifier: Apache-2.0
// Shapes of single texts: countries, languages, dates, numbers with check digits. Pure; any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

bool shape_line(const char *text);            // one line of at most 160 letters, whatever their script
bool shape_country(const char *text);         // ISO 3166-1 alpha-2 in lower case, as assigned
bool shape_issuer(const char *text);          // the same, or alpha-3 in capitals by its shape
bool shape_citizenship(const char *text);     // a country, "stateless", "unknown"
bool shape_language(const char *text);        // ISO 639-1, -2 or -3 by its shape
bool shape_telephone(const char *text);       // E.164 with +
bool shape_email(const char *text);           // one @ with something on both sides
bool shape_locode(const char *text);          // UN/LOCODE: two letters, three letters or digits 2 to 9
bool shape_label(const char *text);           // [a-z0-9][a-z0-9-]{0,30}
bool shape_latin(const char *text);           // letters of the Latin scripts, spaces, marks
bool shape_document_number(const char *text); // capitals, digits, '<', '-', '/', spaces
bool shape_industry(const char *text);        // ISIC section: A to U
bool shape_imo(const char *text);             // seven digits, the last a check digit
bool shape_mmsi(const char *text);            // nine digits
bool shape_imei(const char *text);            // fifteen digits, Luhn
bool shape_imsi(const char *text);            // fourteen or fifteen digits
bool shape_web(const char *text);             // http:// or https://
bool shape_media_type(const char *text);      // RFC 6838: type/subtype
bool shape_file_name(const char *text);       // no folder
bool shape_path(const char *text);            // alert.vehicles[0].registration
bool shape_unit(const char *text);            // country/agency/unit

// A date of which a part may be known; the first and the last day that it may be, as days since 1970-01-01.
bool shape_date(const char *text);
bool shape_date_days(const char *text, int64_t *ret_first, int64_t *ret_last);

// The state of an issuer by its alpha-2 code in lower case; "" for what is none, as UNO.
void shape_issuer_state(const char *issuer, char ret_state[3]);

// ICAO 9303-3 §4.9: the check digit of a number, '0' … '9'; 0 where the number has other characters.
char shape_check_digit(const char *number);
