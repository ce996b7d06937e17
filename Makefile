# Every command of this project. `make` alone lists them.
SHELL := /bin/sh
PY := .venv/bin/python
UV := .venv/bin/uv

# Passed on to the command: make test ARGS="-k login".
ARGS ?=
# PORT, STUBS_PORT and KILL reach the commands as environment variables, from wherever they were
# set: make does that by itself for variables given to it, and `export` would add empty ones.

# Each of the many processes would otherwise compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

# What browser tests wait for is prepared while the other tests run.
BESIDE = $(PY) -m scripts.browser & $(PY) -m scripts.frontend &

COMPILE := $(UV) pip compile --quiet --generate-hashes --no-header --no-annotate --universal \
	--python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help bootstrap run demo web test e2e lint format bench faults migrate revision pictures worker \
	requirements clean

help: ## 列出所有命令 | List these commands
	@awk 'BEGIN { FS = ":[^#]*## | \\| " } \
		/^##@ / { sub(/^##@ /, ""); printf "\n%s\n", $$0 } \
		/^[a-z0-9]+:.*## / { printf "  make %-13s%s\n  %-18s%s\n", $$1, $$2, "", $$3 }' \
		$(MAKEFILE_LIST)

bootstrap:
	@sh scripts/bootstrap.sh

##@ 试用 / Try it
run: bootstrap ## 启动完整演示, 端口可用 PORT、STUBS_PORT 指定 | Run the whole demonstration; ports by PORT and STUBS_PORT
	$(PY) -m scripts.run $(ARGS)
web: bootstrap ## 构建页面, 源码未变则不做 | Build the pages, if their sources changed
	$(PY) -m scripts.frontend
demo: bootstrap ## 从头到尾演示一遍, KILL=web|worker|postgres|redis 可注入故障 | Tell the whole story step by step; KILL=web|worker|postgres|redis breaks something after each step
	$(PY) -m scripts.demo $(ARGS)

##@ 检查 / Check it
test: bootstrap ## 测试, 浏览器旅程取短集; ARGS 传给 pytest | All tests, of the browser journeys a short set; ARGS goes to pytest
	@$(BESIDE) $(PY) -m pytest $(ARGS)
e2e: bootstrap ## 全部端到端旅程, 含浏览器 | All end-to-end journeys, in the browser and without
	@$(BESIDE) $(PY) -m pytest tests/journeys tests/web tests/miniprogram -m 'not faults' $(ARGS)
lint: bootstrap ## 格式、类型与分层检查 | Format, types and layers
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
faults: bootstrap ## 大型故障测试, 较慢 | The large fault runs; slow
	$(PY) -m pytest -m faults -n 0 $(ARGS)
bench: bootstrap ## 性能测试 | Measure speed
	$(PY) -m benchmarks $(ARGS)

##@ 开发 / Develop
format: bootstrap ## 自动整理代码 | Put the code into form
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
migrate: bootstrap ## 升级数据库结构 | Bring the database to the newest revision
	$(PY) -m migrations upgrade $(ARGS)
pictures: bootstrap ## 重新拍摄 docs/pictures 里的界面截图 | Take the pictures of the screens in docs/pictures anew
	$(PY) -m pytest tests/web/take_pictures.py tests/web/take_account_pictures.py tests/web/take_scanner_pictures.py tests/web/take_desk_pictures.py -n 0 -m "" $(ARGS)
	$(PY) -m pytest tests/miniprogram/take_pictures.py -n 0 $(ARGS)
revision: bootstrap ## 新建一个迁移, 用 M="说明" 命名 | Begin a new migration, named by M="what it does"
	.venv/bin/alembic revision -m "$(or $(M),$(error M="..." says what the migration does))"
worker: bootstrap ## 启动后台任务进程 | Run a worker for background jobs
	$(PY) worker.py $(ARGS)
requirements: bootstrap ## 按 *.in 重新锁定依赖版本 | Pin the dependencies anew from the *.in files
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) -c requirements.txt requirements-dev.in -o requirements-dev.txt

##@ 清理 / Tidy up
clean: ## 结束本地服务并删除数据与缓存, ALL=1 连 .venv 和 node_modules 一起 | End local servers, remove data and caches; with ALL=1 .venv and node_modules too
	@python=$(PY); $$python -c '' 2>/dev/null || python=python3; \
	for home in .local/*/services/; do \
		[ ! -f "$$home/lock" ] || $$python scripts/local_services.py clean --home "$$home" || exit 1; \
	done
	rm -rf .local .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build
	find . -name .venv -prune -o -name node_modules -prune -o -type d -name __pycache__ \
		-exec rm -rf {} +
	rm -rf miniprogram_stubs/wechat/build miniprogram_stubs/wechat/typings
	$(if $(ALL),rm -rf .venv h5/node_modules miniprogram_stubs/wechat/node_modules \
		tests/openid/rp/node_modules)
