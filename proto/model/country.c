// SPDX-License-Identifier: Apache-2.0
// The table of states.
#include "proto/model/country.h"

#include <string.h>

// ISO 3166-1 alpha-2 as assigned in 2026.
static const char CODES[] =
    "adaeafagaialamaoaqarasatauawaxazbabbbdbebfbgbhbibjblbmbnbobqbrbsbtbvbwbybzcacccdcfcgchcickclcmcncocrcucvcwcxcyczde"
    "dj"
    "dkdmdodzeceeegehereset"
    "fifjfkfmfofrgagbgdgegfggghgiglgmgngpgqgrgsgtgugwgyhkhmhnhrhthuidieiliminioiqirisitjejmjojpkekgkhkikmknkpkrkwkykzla"
    "lb"
    "lclilklrlsltlulvlymamcmdmemfmgmhmkmlmmmnmompmqmrmsmtmumvmwmxmymznancnenfngninlnonpnrnunzompapepfpgphpkplpmpnprpspt"
    "pw"
    "pyqarerorsrurwsasbscsdsesgshsisjskslsmsnsosrssstsvsxsysztctdtftgthtjtktltmtntotrtttvtwtzuaugumusuyuzvavcvevgvivnvu"
    "wfwsyeytzazmzw";
_Static_assert(sizeof CODES == 2 * COUNTRIES + 1, "the table has as many codes as its header says");

size_t country_index(const char *code)
{
    size_t i = 0;
    if (strlen(code) != 2)
        return COUNTRIES;
    while (i < COUNTRIES && memcmp(CODES + 2 * i, code, 2) != 0)
        i++;
    return i;
}

void country_at(size_t index, char ret_code[3])
{
    memcpy(ret_code, CODES + 2 * index, 2);
    ret_code[2] = '\0';
}
