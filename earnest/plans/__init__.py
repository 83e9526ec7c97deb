"""Plan files under the hands of their author: checked with line and column, shown in words and charts, compared in
money."""
