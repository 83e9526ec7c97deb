"""Policy files under the hands of their author: checked with line and column before they are published."""
