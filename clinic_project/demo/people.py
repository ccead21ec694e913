"""The patients of the demo: invented people of many places, with phone numbers from ranges reserved for fiction
(North America 555-01xx, United Kingdom 07700 900xxx, Ireland 020 91x xxxx, Australia 0491 57x xxx). Pure data."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple


class Person(NamedTuple):
    name: str
    phone: str
    birth_date: dt.date
    sex: str
    email: str = ""
    address: str = ""
    notes: str = ""


_ROWS = """
ليلى محمود الحسيني|+1 202 555 0101|1984-03-12|female||12 Mill Lane|Speaks Arabic and some English.
يوسف محمود الحسيني|+1 202 555 0101|2013-07-30|male||12 Mill Lane|Son of Layla.
مريم محمود الحسيني|+1 202 555 0101|2016-11-02|female||12 Mill Lane|Daughter of Layla.
أحمد عبد الرحمن|+1 202 555 0102|1971-01-25|male||4 Station Road|
فاطمة الزهراء بن علي|+1 202 555 0103|1992-05-17|female|fatima@example.org||
خالد إبراهيم السعدي|+1 202 555 0104|1958-09-08|male||31 Orchard Way|Hard of hearing: speak up.
نور الدين قاسم|+1 202 555 0105|2001-12-19|male|||
王秀英|+61 491 570 156|1966-02-14|female||8 Harbour View|
王建国|+61 491 570 156|1963-10-01|male||8 Harbour View|
李伟|+61 491 570 157|1990-06-23|male|liwei@example.org||
陈美玲|+61 491 570 158|1987-08-05|female|||Allergic to penicillin.
张子涵|+61 491 570 158|2019-04-11|female|||Daughter of Chen Meiling.
佐藤 健一|+61 491 570 159|1979-03-03|male|||
김민지|+61 491 570 110|1995-09-27|female|||
Nguyễn Thị Hương|+61 491 571 266|1982-12-08|female||77 Canal Street|
Trần Văn Đức|+61 491 571 266|1980-01-30|male||77 Canal Street|
Priya Raghunathan|+44 7700 900101|1989-04-21|female|priya@example.org|19 Tower Court|
Arjun Raghunathan|+44 7700 900101|2015-02-06|male||19 Tower Court|
Ananya Raghunathan|+44 7700 900101|2018-08-14|female||19 Tower Court|
Harpreet Singh Gill|+44 7700 900102|1974-11-11|male|||
अनिता शर्मा|+44 7700 900103|1968-07-07|female|||
Mohammed Rafiq Chowdhury|+44 7700 900104|1961-05-29|male||2 Bridge End|Diabetic.
Lakshmi Venkataraman|+44 7700 900105|1997-10-16|female|||
Ольга Сергеевна Петрова|+353 20 910 0001|1977-02-28|female||5 Quay Street|
Дмитрий Иванович Соколов|+353 20 910 0002|1954-12-31|male|||Walks with a frame.
Оксана Шевченко|+353 20 910 0003|1991-03-09|female|oksana@example.org||
Katarzyna Wiśniewska|+353 20 910 0004|1986-06-15|female|||
Łukasz Wiśniewski|+353 20 910 0004|1985-01-19|male|||
Jiří Dvořák|+353 20 910 0005|1949-08-22|male|||
Željko Đurić|+353 20 910 0006|1970-04-04|male|||
María José Ñáñez Fernández|+1 202 555 0120|1993-09-13|female|mariajose@example.org|40 Willow Drive|
Íñigo Ñáñez Fernández|+1 202 555 0120|2020-01-05|male||40 Willow Drive|
José Ángel Muñoz Peña|+1 202 555 0121|1965-11-26|male|||
Lucía Hernández Güell|+1 202 555 0122|1999-02-02|female|||
João Gonçalves da Conceição|+1 202 555 0123|1976-05-18|male|||
Inês Magalhães|+1 202 555 0124|2003-07-21|female|||
Ayşe Yıldırım|+1 202 555 0130|1988-10-10|female|ayse@example.org||
Mehmet Çağrı Yıldırım|+1 202 555 0130|1983-12-04|male|||
İbrahim Öztürk|+1 202 555 0131|1956-03-31|male|||
Şebnem Gül|+1 202 555 0132|1994-06-06|female|||
Chukwuemeka Okonkwo|+44 7700 900120|1978-08-18|male||16 Meadow Close|
Ngozi Okonkwo|+44 7700 900120|1981-09-09|female||16 Meadow Close|
Adaeze Okonkwo|+44 7700 900120|2012-12-12|female||16 Meadow Close|
Olúwaṣeun Adébáyọ̀|+44 7700 900121|1990-01-15|male|||
Aminata Diallo|+44 7700 900122|1996-04-27|female|||
Tewodros Bekele|+44 7700 900123|1972-07-13|male|||
Wanjikũ Kamau|+44 7700 900124|1985-02-20|female|||
Thandiwe Nkosi|+44 7700 900125|2007-05-25|female|||
Siobhán Ní Dhomhnaill|+353 20 910 0020|1963-10-30|female|||
Niamh O’Sullivan|+353 20 910 0021|1998-11-17|female|niamh@example.org||
Oliver Whitaker|+44 7700 900130|1944-06-01|male||3 Church Row|Needs a wheelchair.
Margaret Whitaker|+44 7700 900130|1947-09-19|female||3 Church Row|
Charlotte Abernathy|+44 7700 900131|2010-03-14|female|||
Jean-François Lefèvre|+1 202 555 0140|1969-12-24|male|||
Zoë van der Berg|+1 202 555 0141|2000-08-08|female|||
Jürgen Groß|+1 202 555 0142|1959-01-07|male|||
Åsa Bergström|+1 202 555 0143|1984-04-16|female|asa@example.org||
Søren Kjærgaard|+1 202 555 0144|1967-06-28|male|||
Elena Papadopoulou|+1 202 555 0145|1975-10-22|female|||
Γιώργος Παπαδόπουλος|+1 202 555 0145|1973-03-27|male|||
דוד לוי|+1 202 555 0146|1953-02-11|male|||
سارا رضایی|+1 202 555 0147|1991-08-29|female|||Speaks Persian.
Tāne Parata|+61 491 575 254|1981-11-09|male|||
Nur Aisyah binti Rahman|+61 491 575 789|1995-01-24|female|||
Putu Wirawan|+61 491 577 426|1988-07-17|male|||
Camila Quispe Mamani|+1 202 555 0150|2004-04-08|female|||
Tadeusz Kościelniak|+353 20 910 0030|1939-10-12|male|||Comes with his daughter.
Ewa Kościelniak|+353 20 910 0030|1966-08-03|female|||
Gulnara Akhmetova|+353 20 910 0031|1979-05-05|female|||
Kwame Boateng|+44 7700 900140|1993-12-01|male|||
Mahina Kealoha|+1 202 555 0148|2022-05-03|female|||
"""


def _person(row: str) -> Person:
    name, phone, birth_date, sex, *more = row.split("|")
    return Person(name, phone, dt.date.fromisoformat(birth_date), sex, *more)


PEOPLE = [_person(row) for row in _ROWS.strip().splitlines()]
