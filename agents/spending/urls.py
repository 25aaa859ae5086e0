from django.urls import path

from agents.spending import views

app_name = "spending"

urlpatterns = [
    path("settings/spend/", views.spend, name="spend"),
    path("settings/spend/budgets/add", views.add, name="add_budget"),
    path("settings/spend/budgets/<uuid:budget_id>/edit", views.edit, name="edit_budget"),
    path("settings/spend/budgets/<uuid:budget_id>/remove", views.remove, name="remove_budget"),
]
