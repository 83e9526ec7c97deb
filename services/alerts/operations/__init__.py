"""What Prometheus, Alertmanager and Grafana read, made from the KPIs."""
