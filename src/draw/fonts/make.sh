#!/bin/sh
# Makes the subsets beside it from DejaVu Sans 2.37 (Debian: fonts-dejavu-core). Needs fonttools (PyPI).
set -eu
cd "$(dirname "$0")"
from=${1:-/usr/share/fonts/truetype/dejavu}
latin=U+0020-007E,U+00A0-017F,U+0192,U+0218-021B
greek_and_cyrillic=U+0386-03CE,U+0400-045F
signs=U+2013,U+2014,U+2018-201E,U+2020-2022,U+2026,U+2030,U+2032,U+2033,U+2080-2089,U+20AC,U+2190-2193
mathematics=U+2202,U+2206,U+2211,U+2212,U+221A,U+221E,U+2248,U+2260,U+2264,U+2265,U+FFFD
for style in '' -Bold; do
    SOURCE_DATE_EPOCH=0 pyftsubset "$from/DejaVuSans$style.ttf" --output-file="DejaVuSans$style.ttf" \
        --unicodes="$latin,$greek_and_cyrillic,$signs,$mathematics" \
        --no-hinting --layout-features='' --name-IDs=0,1,2,4,5,6
done
