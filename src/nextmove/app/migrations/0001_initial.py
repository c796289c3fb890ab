# The people who may sign in.

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('username', models.CharField(max_length=150, unique=True, validators=[django.core.validators.RegexValidator('^[\\w.@+-]{2,150}$', 'letters, digits and . @ + - _ only')])),
                ('name', models.CharField(blank=True, max_length=150)),
                ('role', models.CharField(choices=[('admin', 'admin'), ('manager', 'manager'), ('representative', 'representative'), ('analyst', 'analyst'), ('marketing', 'marketing')], max_length=20)),
                ('rep_id', models.CharField(blank=True, max_length=100)),
                ('teams', models.JSONField(blank=True, default=list)),
                ('language', models.CharField(choices=[('en', 'en'), ('he', 'he'), ('pl', 'pl'), ('fa', 'fa')], default='en', max_length=2)),
                ('is_active', models.BooleanField(default=True)),
                ('joined_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'abstract': False,
            },
        ),
    ]
