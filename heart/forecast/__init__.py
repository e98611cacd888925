"""What a configuration does under given conditions: detection, mistakes, and time without the service.

`heart.forecast.forecast.Forecast` is the entry. It joins what is calculated (heart.qos) with what the
simulated cluster does (heart.simulation).
"""
