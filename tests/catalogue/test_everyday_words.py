"""People search in their own words: the official entry is among the first three."""

import pytest

from app.catalogue import searching
from app.catalogue.services import DATA, checked_tables
from app.catalogue.tables import Notes, read_tables

SAID = [
    ("娃娃上户口", "新生儿入户"),
    ("我家娃娃要上户口", "新生儿入户"),
    ("怎么给小孩上户口", "新生儿入户"),
    ("宝宝上户口需要什么", "新生儿入户"),
    ("落户", "户口登记"),
    ("身份证", "居民身份证办理（包括临时）"),
    ("驾照", "申领机动车驾驶证"),
    ("公积金", "公积金余额查询"),
    ("办身份证", "居民身份证办理（包括临时）"),
    ("我的身份证丢了怎么办", "居民身份证补领"),
    ("身份证过期", "居民身份证换领"),
    ("暂住证", "居住证申领"),
    ("社保卡丢了", "社会保障卡挂失"),
    ("补社保卡", "社会保障卡补领、换领、换发"),
    ("交社保", "社保缴费（个人）"),
    ("医保缴费", "医保缴费（个人）"),
    ("交新农合", "医保缴费（个人）"),
    ("给父母交医保", "医保代缴（为他人缴费）"),
    ("住院报销", "住院费用手工（零星）报销"),
    ("异地看病", "异地就医备案（临时外出就医人员）"),
    ("产假工资", "生育津贴申领"),
    ("买房提公积金", "购房提取住房公积金"),
    ("租房提公积金", "租房提取住房公积金"),
    ("查公积金", "公积金余额查询"),
    ("二手房过户", "存量房（二手房）转移登记"),
    ("廉租房", "公共租赁住房申请资格审核认定"),
    ("结婚登记", "结婚登记"),
    ("领结婚证", "结婚登记"),
    ("离婚", "离婚登记申请"),
    ("驾照换证", "驾驶证期满换证"),
    ("驾照丢了", "驾驶证遗失补证"),
    ("查违章", "机动车违法信息查询服务"),
    ("电动车上牌", "电动自行车登记上牌"),
    ("低保", "最低生活保障申请"),
    ("请问低保怎么办理", "最低生活保障申请"),
    ("五保户", "特困人员认定"),
    ("高龄补贴", "高龄津贴申领"),
    ("残疾证", "残疾人证新办"),
    ("退休金", "企业职工养老金发放明细查询"),
    ("领养老金", "城乡居民基本养老保险待遇申领"),
    ("失业金", "失业保险金申领"),
    ("工资拖欠", "劳动人事争议仲裁申请"),
    ("开饭馆", "开办餐饮店一件事"),
    ("上学报名", "义务教育阶段新生入学报名"),
    ("办护照", "普通护照首次申请"),
    ("去香港", "往来港澳通行证签发"),
    ("丧葬费", "丧葬补助金和抚恤金申领"),
    ("红码申诉", "湖北健康码转码申请"),
]


@pytest.fixture
def found(client, imported):
    def ask(words, **query):
        answer = client.get("/api/v1/matters", query_string={"q": words, **query})
        assert answer.status_code == 200, answer.get_json()
        return [item["name"] for item in answer.get_json()["items"]]

    return ask


@pytest.mark.parametrize(("words", "official"), SAID)
def test_what_people_call_it_finds_the_official_entry_among_the_first_three(found, words, official):
    assert official in found(words, limit=3)


def test_every_row_of_the_table_finds_its_entry_among_the_first(found):
    tables, _ = read_tables(DATA, Notes())
    rows = tables["everyday_words.csv"]
    assert len({row["words"] for row in rows}) >= 60
    missed = [
        (row["words"], row["name"])
        for row in rows
        if row["name"] not in found(row["words"], limit=5)
    ]
    assert missed == []


def test_everyday_words_cost_no_further_statement(found, count_sql):
    with count_sql() as statements:
        found("我家娃娃要上户口")
    assert len(statements) == 2


def test_everyday_words_are_found_within_theme_and_audience(found):
    assert "新生儿入户" in found("娃娃上户口", theme="102", audience="person")
    assert found("娃娃上户口", audience="organisation", theme="102") == []


@pytest.mark.parametrize("words", ["怎么办", "我的", "请问", "哪里"])
def test_a_question_without_a_thing_is_an_empty_list_or_hits_of_just_these_words(found, words):
    assert all(words in name for name in found(words))


def test_the_asking_is_left_out_and_the_thing_stays():
    assert searching.fold(searching.plain_query("请问我的身份证丢了怎么办？")) == "身份证丢了"
    assert searching.plain_query("怎么办") == "怎么办"


def test_everyday_words_do_not_change_what_an_official_name_finds(found):
    tables, _ = checked_tables(DATA)
    menu = [row for row in tables["matters"] if row["in_menu"] and not row["alias_of"]]
    missed = [row["name"] for row in menu[::15] if row["name"] not in found(row["name"], limit=3)]
    assert missed == []
