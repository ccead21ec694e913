"""How long finding patients takes among many.

    python tests/services.py -- python bench/search.py [PATIENTS] [ROUNDS]      on PostgreSQL, in a database that is thrown away
    DATABASE_URL=sqlite:////tmp/search.sqlite3 python bench/search.py …         on SQLite, in a new file
    … bench/search.py 200000 20 --explain                                       with PostgreSQL's plans

Makes the patients (200,000: Latin with accents, Arabic, Polish, Cyrillic, Chinese; every file with a phone) by plain SQL, then asks as
``GET /api/patients/?search=`` does: the count and the numbers and rows of a page. Prints for each kind of question the
median, the 95th percentile and the worst time in milliseconds, and how many were found. What the HTTP answer costs beside that
(log-in, access log, JSON) isn't in it; ``--http`` measures whole requests, without a server.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_project.settings")
os.environ.setdefault("DEBUG", "true")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from clinics.models import Role, User  # noqa: E402
from patients.folding import fold_name, fold_phone  # noqa: E402
from patients.models import Patient  # noqa: E402
from patients.search import search  # noqa: E402
from patients.terms import record_number_of, search_text  # noqa: E402

NAMES = [
    # (share, given names, family names)
    (
        40,
        (
            "José María Anna Ali Jean-Pierre François Zoë Søren Björn Élodie Renée Karl Jürgen Ana Luís Núria Chloë André Peter Paul Mary "
            "John Jane Emma Noah Mia Ben Lena Tom Sara Omar Layla Yusuf Abdul Natalia Khalil Alicia Martina Marta Marie Mario Marko"
        ),
        (
            "García Muñoz Müller Schröder O'Neil D'Angelo Smith-Jones Nguyễn Ångström Øvergård Lefèvre Fernández López Pérez Jones Brown "
            "Weiß Groß Kaya Yılmaz Şahin Öztürk Al-Hassan Haddad Khoury Papadopoulos Rossi Bianchi Costa Silva Alvarez Marchetti"
        ),
    ),
    (
        30,
        "محمد أحمد فاطمة علي حسن حسين زينب مريم عمر خالد ليلى سارة يوسف إبراهيم آمنة هدى نور سمير رائد كريم عبدالله عبدالرحمن مصطفى",
        "العبيدي الحسيني حداد خوري الجبوري التميمي الدليمي المصري الشامي البغدادي النجار الخطيب قاسم صالح يعقوب مرتضى الأنصاري",
    ),
    (
        20,
        "Łukasz Małgorzata Zbigniew Grażyna Paweł Jędrzej Święto Żaneta Stanisław Agnieszka Krzysztof Ewa Iwona Jacek",
        "Wójcik Kowalska Dąbrowski Szczepański Wiśniewska Żółkiewski Łęcka Nowak Lewandowski Kamiński Zieliński Woźniak",
    ),
    (7, "Иван Мария Сергей Ольга Дмитрий Наталья Юрий Алексей", "Иванов Петрова Сидоров Кузнецова Волков Соколова Лебедев"),
    (3, "小龙 伟 芳 娜 敏 静 丽 强 磊 军", "李 王 张 刘 陈 杨 赵 黄 周 吴"),
]

QUESTIONS = {
    "nothing, page 1": [""],
    "nothing, the last page": ["@last"],
    "one letter": ["a", "m", "p", "z", "ع", "л"],
    "two letters": ["al", "ma", "zb", "مح", "ал"],
    "three letters": ["ali", "mar", "nat", "علي", "ива"],
    "a common name": ["maria", "garcia", "محمد", "nowak", "иванов"],
    "part of a name": ["szczep", "angelo", "hassan", "جبور", "zewsk"],
    "two names, any order": ["garcia maria", "العبيدي محمد", "wojcik lukasz", "jones emma", "иванов ольга"],
    "three parts": ["mar gar jo", "kow mal gra", "مح عب ال", "al ha om", "anna l 015"],
    "a whole name": ["@name"],
    "a phone": ["@phone"],
    "a phone in other notations": ["@notation"],
    "the end of a phone": ["@end"],
    "digits in the middle": ["123", "0151", "777", "٤٥٦", "55 12"],
    "a record number": ["@record", "P-000123", "p123", "P 4567", "123"],
    "nobody": ["zzzzqq", "garciaxx", "ظظظظ", "0000000001", "P-99999999"],
    "many words": ["jose maria garcia munoz o neil 0151 p 5"],
}


def people(count: int) -> Iterator[tuple[str, str]]:
    chance = random.Random(7)
    pools = [(share, given.split(), family.split()) for share, given, family in NAMES]
    shares = [share for share, *_ in pools]
    for _ in range(count):
        _share, given, family = chance.choices(pools, shares)[0]
        names = [chance.choice(given), *([chance.choice(given)] if chance.random() < 0.3 else []), chance.choice(family)]
        if chance.random() < 0.4:
            # Most families are small: many names that few have.
            names.append("".join(chance.sample("".join(family).replace("'", "").replace("-", ""), 6)).capitalize())
        country = chance.choice(["+49 1{0}", "+964 7{0}", "01{0}", "+48 5{0}", "00961 3{0}"])
        yield " ".join(names), country.format(chance.randrange(10**8, 10**9))


def fill(count: int) -> None:
    now, rows = timezone.now(), []
    for number, (name, phone) in enumerate(people(count), 1):
        name_key, phone_key, record = fold_name(name), fold_phone(phone), record_number_of(number)
        key = search_text(full_name=name, name_key=name_key, phone_key=phone_key, record_number=record)
        rows.append((number, 2, record, name, name_key, phone, phone_key, key, "female", "", "Main Street 5", "x" * 60, now))
    columns = (
        "id, version, record_number, full_name, name_key, phone, phone_key, search_key, sex, email, address, notes, created_at"
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY patients_patient ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            time.sleep(1)  # a commit that isn't on the disk yet (synchronous_commit = off) is visible to VACUUM, but not to all
            cursor.execute("VACUUM ANALYZE patients_patient")
        else:
            cursor.executemany(f"INSERT INTO patients_patient ({columns}) VALUES ({', '.join(['%s'] * 13)})", rows)
            cursor.execute("ANALYZE")


def asked(kind: str, texts: list[str], chance: random.Random, count: int) -> tuple[str, int]:
    """What is typed, and which page of it."""
    text = chance.choice(texts)
    if not text.startswith("@"):
        return text, 1
    somebody = Patient.objects.get(pk=chance.randrange(1, count + 1))
    digits = somebody.phone_key
    return {
        "@last": ("", -(-count // 50)),
        "@name": (somebody.full_name, 1),
        "@phone": (somebody.phone, 1),
        "@notation": (f"0{digits[:3]}/{digits[3:6]}-{digits[6:]}", 1),
        "@end": (digits[-5:], 1),
        "@record": (somebody.record_number or "", 1),
    }[text]


def ask(text: str, page: int) -> int:
    """As the viewset does: the count, the page's numbers, its rows."""
    found = search(Patient.objects.standing(), text)
    count = found.count()
    numbers = list(found.values_list("pk", flat=True)[50 * (page - 1) : 50 * page])
    assert len(Patient.objects.in_bulk(numbers)) == len(numbers)
    return count


def http() -> Callable[[str, int], int]:
    from tests.api.client import Api

    user = User.objects.create_user("bench", password="bench", role=Role.RECEPTIONIST)
    api = Api(user)
    return lambda text, page: int(api.get("/api/patients/", {"search": text, "page": str(page)}).json()["count"])


def main(count: int, rounds: int, *, explain: bool, whole: bool) -> None:
    print(f"{connection.vendor}: {count:,} patients, {rounds} times each, milliseconds", flush=True)
    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    fill(count)
    print(
        f"filled in {time.perf_counter() - began:.0f} s; {'kind of question':28s} {'median':>8s} {'p95':>8s} {'worst':>8s}   found"
    )
    question = http() if whole else ask
    chance = random.Random(11)
    for kind, texts in QUESTIONS.items():
        took, found, slowest = [], 0, ("", 0.0)
        for round_ in range(rounds + 3):
            text, page = asked(kind, texts if round_ % 2 else texts[round_ // 2 % len(texts) :], chance, count)
            start = time.perf_counter()
            found = max(found, question(text, page))
            if round_ >= 3:  # the first ones read from disk
                took.append(1000 * (time.perf_counter() - start))
                slowest = max(slowest, (text, took[-1]), key=lambda pair: pair[1])
        took.sort()
        p95 = took[min(len(took) - 1, int(0.95 * len(took)))]
        print(
            f"{'':17s}{kind:28s} {statistics.median(took):8.1f} {p95:8.1f} {took[-1]:8.1f}   up to {found:,}   ({slowest[0]})",
            flush=True,
        )
        if explain:
            print(search(Patient.objects.standing(), slowest[0])[:50].explain(analyze=True, buffers=True))


if __name__ == "__main__":
    given = [each for each in sys.argv[1:] if not each.startswith("--")]
    numbers = [int(each) for each in [*given, *["200000", "40"][len(given) :]]]
    main(numbers[0], numbers[1], explain="--explain" in sys.argv, whole="--http" in sys.argv)
